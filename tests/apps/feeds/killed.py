"""A deployment of its own in which intakes are killed, or meet each other. Run as a program: killed.py kill|meet FILE.

Prints one JSON object per intake. Each intake is a process of its own, made by a fork, so that it can be killed at any point."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from anju.apps.feeds.actions import receive_file  # noqa: E402
from anju.apps.feeds.consistency import lake_state  # noqa: E402
from anju.apps.feeds.expiry import expire_files  # noqa: E402
from anju.apps.feeds.models import Coverage, Delivery, RejectedRow  # noqa: E402
from anju.apps.people.models import Identifier, Person  # noqa: E402
from anju.apps.people.publish import Directory  # noqa: E402
from anju.apps.people.vault import FileVault, digest, ensure_keys  # noqa: E402
from anju.core.standards.read import load_policy  # noqa: E402

AT = datetime(2023, 9, 5, 12, tzinfo=UTC)
POLICY = load_policy(Path(settings.POLICY))
ROOT = Path(settings.DATA) / "lake"
EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "shutil.rmtree")


def intake(path: Path) -> None:
    receive_file(path, feed="F14", policy=POLICY, root=ROOT, directory=Directory("cn_resident_id"), vault=FileVault(), by="clerk", at=AT,
                 unit="522301", periods=("2023-08", "2023-08"))  # fmt: skip


def killed_at(nth: int) -> Callable[[str, tuple[object, ...]], None]:
    """An audit hook that ends the process at the nth time it touches a file of the lake, before it does."""
    count = 0

    def hook(event: str, args: tuple[object, ...]) -> None:
        nonlocal count
        if event in EVENTS and args and str(args[0]).startswith(str(ROOT)):
            count += 1
            if count == nth:
                os.kill(os.getpid(), signal.SIGKILL)

    return hook


def forked(work: Callable[[], None]) -> int:
    connection.close()
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told to the parent by the exit code
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return pid


def state() -> dict[str, object]:
    seen = lake_state(ROOT, deep=True)
    return {
        "accepted": Delivery.objects.filter(status="accepted").count(), "coverage": Coverage.objects.count(),
        "set_aside": RejectedRow.objects.count(), "unfinished": len(seen.unfinished), "orphans": len(seen.orphans),
        "partial": len(seen.partial), "lost": len(seen.missing) + len(seen.damaged) + len(seen.without_rows_set_aside),
    }  # fmt: skip


def kill(path: Path) -> None:
    for nth in range(1, 100):
        Delivery.objects.filter(status="accepted").delete()

        def work(nth: int = nth) -> None:
            sys.addaudithook(killed_at(nth))
            intake(path)

        _, status = os.waitpid(forked(work), 0)
        print(json.dumps({"point": nth, "killed": os.WIFSIGNALED(status), **state()}), flush=True)
        if not os.WIFSIGNALED(status):
            break
    later = datetime.now(UTC).replace(year=2100)
    expired = expire_files(ROOT, date_time(date(2023, 1, 1)), now=later)
    print(json.dumps({"leftovers": expired.leftovers, **state()}), flush=True)


def date_time(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def meet(path: Path) -> None:
    pids = [forked(lambda: intake(path)) for _ in range(2)]
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    print(json.dumps({"codes": codes, **state()}), flush=True)


if __name__ == "__main__":
    ROOT.mkdir(parents=True)
    call_command("migrate", verbosity=0)
    for key, number in enumerate(("522301199001010014", "522301198505050023"), start=1):
        Person.objects.create(id=key, valid_from=date(2020, 1, 1), known_from=AT)
        found = digest(ensure_keys(), "cn_resident_id", number)
        Identifier.objects.create(id=key, person_id=key, type="cn_resident_id", value=b"", digest=found, masked="")
    {"kill": kill, "meet": meet}[sys.argv[1]](Path(sys.argv[2]))
