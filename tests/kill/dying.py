"""A command that kills its own process, for real, at a chosen moment:  python -m kill.dying WHEN anju's words…

WHEN is `statement:N`, the N-th SQL statement inside a transaction, or `call:module:function`, when that is called.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from anju.cli.main import main


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def at_statement(nth: int) -> Callable[..., Any]:
    from django.db import connection  # noqa: PLC0415  (Django is set up by the command's own module)

    left = [nth]

    def wrapper(execute: Callable[..., Any], sql: str, params: object, many: bool, context: dict[str, Any]) -> Any:
        if connection.in_atomic_block:
            left[0] -= 1
            if left[0] == 0:
                die()
        return execute(sql, params, many, context)

    return wrapper


def arm(when: str) -> None:
    from django.db import connection  # noqa: PLC0415

    kind, _, rest = when.partition(":")
    if kind == "statement":
        connection.execute_wrappers.append(at_statement(int(rest)))
    else:
        module, _, name = rest.partition(":")
        here = importlib.import_module(module)
        assert hasattr(here, name), when
        setattr(here, name, die)


if __name__ == "__main__":
    arm(sys.argv[1])
    main(sys.argv[2:], prog_name="anju")
