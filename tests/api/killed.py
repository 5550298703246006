"""A deployment of its own in which a request dies at each statement in turn:  python -m api.killed

Prints one JSON object per request. Each is a process of its own, made by a fork, so that it can be killed for real."""

from __future__ import annotations

import json
import os
import sys

from anju.cli.context import migrated, set_up

set_up()

from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from anju.api.models import KeptAnswer  # noqa: E402
from anju.api.once import CLAIMED  # noqa: E402
from anju.apps.people.vault import ensure_keys  # noqa: E402
from anju.apps.places.models import Place  # noqa: E402
from anju.apps.staff.actions import give_post, make_token, open_account  # noqa: E402
from anju.tasks.models import Ticket  # noqa: E402
from kill.dying import at_statement  # noqa: E402


def token() -> str:
    place = Place.objects.create(id=1, tree="scope", level="programme", code="P", name="P", path="/1/")
    account = open_account(username="steward", display_name="steward", password=None, by="test", at=timezone.now())
    post = give_post(account=account, role="data_steward", place=place, by="test", at=timezone.now())
    return make_token(post=post, name="test", days=3, by="test", at=timezone.now())[1]


def ask(text: str, dies_at: int) -> None:
    headers = {"Authorization": f"Bearer {text}", "Idempotency-Key": "k"}
    with connection.execute_wrapper(at_statement(dies_at)):
        response = Client(HTTP_HOST="127.0.0.1").post("/api/v1/runs", headers=headers)
    os._exit(0 if response.status_code == 202 else 1)


def one(text: str, dies_at: int) -> dict[str, object]:
    connection.close()
    child = os.fork()
    if child == 0:
        ask(text, dies_at)
    _pid, status = os.waitpid(child, 0)
    kept = KeptAnswer.objects.filter(key="k").first()
    found = {"killed": os.WIFSIGNALED(status), "code": os.waitstatus_to_exitcode(status), "acts": Ticket.objects.count()}
    KeptAnswer.objects.update(made_at=timezone.now() - CLAIMED)  # a minute passes
    return {**found, "claimed": kept is not None and bool(kept.claim), "kept": kept is not None and kept.status is not None}


def main() -> None:
    migrated()
    ensure_keys()
    text, nth, state = token(), 0, {"killed": True}
    while state["killed"]:
        nth += 1
        state = one(text, nth)
        print(json.dumps(state), flush=True)
    print(json.dumps(one(text, 10_000)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
