"""What the doctor looks at, one function for each part of a deployment."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max
from django.db.utils import OperationalError
from django.utils import timezone

from anju.apps.attachments.queries import state as attachments_state
from anju.apps.backup.making import RECORD
from anju.apps.backup.restoring import MARK, interrupted
from anju.apps.backup.store import BackupError, Store, hash_of
from anju.apps.calendar.current import FILE, in_force, published
from anju.apps.discovery.channels import load_channels
from anju.apps.feeds.consistency import lake_state
from anju.apps.feeds.models import Delivery
from anju.apps.findings.actions import run_folder
from anju.apps.findings.models import Run
from anju.apps.findings.turn import leftovers, running
from anju.apps.people.models import Household, Identifier
from anju.apps.people.vault import KEY_FILES, FileVault, ensure_keys, keys_folder, keys_open_registry
from anju.apps.visits.questions import load_questions
from anju.cli.checkup import Check, check, few
from anju.cli.checkups_worker import workers
from anju.cli.context import data_folder, policy_folder
from anju.core.casework.rules import FILE as CASEWORK
from anju.core.casework.rules import CaseworkFaults, read_casework
from anju.core.casework.terms import read_terms
from anju.core.contracts.faults import PolicyFaults
from anju.core.contracts.model import Programme
from anju.core.contracts.official import AHEAD, years_of, years_unknown
from anju.core.contracts.programme import calendar_of
from anju.core.standards.model import Parameter, Policy
from anju.core.standards.read import read_policy
from anju.lake.engine import feeds_of, plan_of

LEAST_FREE = 2_000_000_000
YEAR = 366  # days


def all_checks(today: date, *, deep: bool, days: int) -> Iterator[Check]:
    """Every check that can be made; what stands on the database is left out where the database does not answer."""
    yield from machine()
    yield from folder()
    ready = answers = True
    for one in database():
        ready, answers = ready and one.grade == "ok", answers and one.grade != "not ready"
        yield one
    if answers:
        yield from restoring()
    policy, faults = read_policy(policy_folder())
    yield check("policy", policy is not None, f"{policy_folder()}, {len(faults)} faults", "anju standards check")
    if policy is not None:
        policy = in_force(policy)
        yield from calendar(policy, today)
        yield from loop(policy)
    if not ready:
        return
    same = published()
    yield check(
        "loaded calendar", same, f"{FILE} says what the table says" if same else f"{FILE} is not as it is in the table",
        "anju calendar publish, or the next anju run, writes it anew", otherwise="note",
    )  # fmt: skip
    yield from clock()
    yield from keys()
    yield from lake(deep)
    yield from attachments(deep)
    yield from runs(today, days)
    if policy is not None:
        yield from feeds(policy, today)
    yield from workers()
    yield from backups(deep, days)


def machine() -> Iterator[Check]:
    yield check("Python", sys.version_info[:2] == (3, 11), sys.version.split()[0], "install Python 3.11")
    if connection.vendor == "sqlite":
        seen = sqlite3.sqlite_version
        yield check("SQLite", sqlite3.sqlite_version_info >= (3, 37), seen, "install a Python built with SQLite 3.37 or newer")


def folder() -> Iterator[Check]:
    data = data_folder()
    nearest = next(parent for parent in (data, *data.parents) if parent.exists())
    free = shutil.disk_usage(nearest).free
    yield check("disk", free > LEAST_FREE, f"{free / 1e9:.1f} GB free at {nearest}", "make room, or set ANJU_DATA to another disk")
    writable = os.access(nearest, os.W_OK | os.X_OK)
    yield check(
        "data folder",
        writable,
        f"{data}{'' if data.exists() else ' (not made yet)'}",
        f"let this account write there: chown, or chmod u+rwx {nearest}",
    )
    if data.exists() and writable:
        mode = stat.S_IMODE(data.stat().st_mode)
        closed = not mode & 0o077
        yield check("privacy of the data folder", closed, f"mode {mode:o}", f"other accounts can look in: chmod 700 {data}", otherwise="note")


def database() -> Iterator[Check]:
    path = Path(str(connection.settings_dict["NAME"]))
    if connection.vendor == "sqlite" and not connection.is_in_memory_db() and not path.exists():  # type: ignore[attr-defined]
        yield Check("database", "note", "SQLite, not made yet", "the first command that writes makes it: anju places import, or anju demo")
        return
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except OperationalError as error:
        yield Check("database", "not ready", str(error).split("\n")[0], "check ANJU_DATABASE_URL and that the server is running")
        return
    if connection.vendor == "postgresql":
        number = connection.pg_version  # type: ignore[attr-defined]
        seen = f"{number // 10000}.{number % 10000}"
        yield check("PostgreSQL", number >= 140000, seen, "install PostgreSQL 14 or newer")
    what, do = f"{connection.vendor}, {len(waiting)} migrations waiting", "any command that writes applies them; make a backup first"
    yield check("database", not waiting, what, do, otherwise="note")
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA quick_check(1)")
            answer = str(cursor.fetchone()[0])
        yield check("database file", answer == "ok", answer, "restore the last backup: anju restore --help")


def restoring() -> Iterator[Check]:
    data = data_folder()
    if interrupted(data):
        yield Check("restore", "not ready", "a restore was interrupted", "say it again: anju restore FROM")
    elif (data / MARK).exists():
        yield Check("restore", "note", "a finished restore left its work folder", f"rm -r {data / MARK}")


def clock() -> Iterator[Check]:
    """A clock behind what is recorded would make new deliveries look older than old ones."""
    seen = [Run.objects.aggregate(last=Max("finished_at"))["last"], _record().get("made_at")]
    last = max((datetime.fromisoformat(at) if isinstance(at, str) else at for at in seen if at), default=None)
    now = timezone.now()
    behind = last is not None and now < last - timedelta(minutes=5)
    yield check(
        "clock",
        not behind,
        f"{now:%Y-%m-%d %H:%M} UTC",
        f"something was recorded at {last:%Y-%m-%d %H:%M} UTC: set the clock right" if last else "",
    )


def keys() -> Iterator[Check]:
    where = keys_folder()
    held = Identifier.objects.count()
    lost = [name for name in KEY_FILES if not (where / name).exists()]
    if lost:
        if held:
            yield Check("keys", "not ready", f"{where} lacks {few(list(lost))}, and {held:,} identifiers are sealed", "put the saved keys back")
        else:
            yield Check("keys", "note", "not made yet", "they are made at the first import; save them apart from the backups")
        return
    loose = [name for name in KEY_FILES if stat.S_IMODE((where / name).stat().st_mode) != 0o600]
    yield check(
        "privacy of the keys", not loose, "mode 600" if not loose else f"{few(list(loose))} can be read by others", f"chmod 600 {where}/*.key"
    )
    try:
        opened = keys_open_registry(ensure_keys())
    except ValueError as error:
        yield Check("keys", "not ready", str(error), "put the saved keys back")
        return
    seen = "no identifier is stored yet" if opened is None else f"they {'open' if opened else 'do NOT open'} the {held:,} identifiers stored"
    yield check("keys", opened is not False, seen, f"these are other keys: put the saved ones into {where}")


def lake(deep: bool) -> Iterator[Check]:
    data = data_folder()
    state = lake_state(data / "lake", deep=deep)
    losses = [f"{len(names)} {word} ({few(list(names))})" for word, names in (("missing", state.missing), ("damaged", state.damaged)) if names]
    deeply = ", every row counted" if deep else ""
    yield check(
        "lake",
        not losses,
        "; ".join(losses) or f"{state.files} files of deliveries, none missing{deeply}",
        "restore the lake from the last backup",
    )
    aside = state.without_rows_set_aside
    yield check(
        "rows set aside",
        not aside,
        f"{len(aside)} missing ({few(list(aside))})" if aside else "all there",
        "restore them from the last backup",
        otherwise="note",
    )
    left = [*(f"receipt {pk}" for pk in state.unfinished), *state.orphans, *state.partial]
    yield check(
        "interrupted intakes", not left, f"{len(left)} leftovers ({few(list(left))})" if left else "none",
        "an intake under way now, or one that was killed: then send its file again; the leftovers are never read", otherwise="note",
    )  # fmt: skip


def attachments(deep: bool) -> Iterator[Check]:
    keyed = all((keys_folder() / name).exists() for name in KEY_FILES)
    state = attachments_state(FileVault() if deep and keyed else None)
    losses = [
        f"{len(names)} {word} ({few(list(names), 2)})" for word, names in (("missing", state.missing), ("damaged", state.damaged)) if names
    ]
    told = f"{state.rows} photos and documents, none missing{', every one opened' if deep and keyed else ''}"
    yield check("attachments", not losses, "; ".join(losses) or told, "restore their folder 'attachments' from the last backup")
    stray = f"{len(state.strays)} ({few(list(state.strays), 2)})" if state.strays else "none"
    do = "of a sending under way, interrupted or undone: never shown, and removed a day later by the nightly 'expire'"
    yield check("files without an attachment", not state.strays, stray, do, otherwise="note")


def runs(today: date, days: int) -> Iterator[Check]:
    data = data_folder()
    current = Run.objects.filter(current=True).first()
    if current is not None and not (run_folder(data, current) / "breaches.parquet").exists():
        yield Check("last run", "not ready", f"run {current.pk} has lost its answers in {run_folder(data, current)}", "anju run")
    elif current is None:
        yield Check("last run", "note", "nothing has been judged yet", "anju run")
    else:
        age = (today - current.day).days
        yield check("last run", age <= days, f"of {current.day}, {age} days ago", "anju run", otherwise="note")
    if running(data / "lake"):
        yield Check("run under way", "ok", "a run is under way")
        return
    left = leftovers(data / "lake")
    yield check(
        "interrupted runs", not left.rows and not left.folders, f"{len(left.rows)} unfinished, {len(left.folders)} folders of none",
        "the next anju run removes what they left", otherwise="note",
    )  # fmt: skip


def calendar(policy: Policy, today: date) -> Iterator[Check]:
    programme = policy.programme
    assert isinstance(programme, Programme)
    years, unknown = years_of(programme), years_unknown(programme, today)
    seen = f"holidays of {years[0]} to {years[-1]}" if years else "no holidays"
    lacking = " and ".join(map(str, unknown))
    yield check(
        "holidays",
        not unknown,
        f"{seen}; the coming {AHEAD} days reach into {lacking}, which nobody has loaded" if unknown else seen,
        f"clocks in working days count plain weeks there, and fall due on holidays: anju calendar load FILE with the days of {lacking}",
        otherwise="note",
    )
    begun = {cadence: beyond[0][1] for cadence, beyond in calendar_of(programme).beyond.items() if beyond}
    used = {contract.cadence for contract in policy.contracts.values() if hasattr(contract, "cadence")}
    for cadence, periods in (("term", programme.terms), ("school_year", programme.school_years)):
        if cadence in used and periods:
            last = max(period.end for period in periods)
            words = cadence.replace("_", " ") + "s"
            named = " and ".join(sorted(code for code, one in policy.contracts.items() if getattr(one, "cadence", "") == cadence))
            ended = f"up to {last}; of {named} nothing later can be delivered, and from {begun[cadence]} on what rests on it is unknown"
            seen = ended if last < today + timedelta(days=AHEAD) else f"up to {last}"
            yield check(words, seen != ended, seen, f"add the {words} after {last} to calendar.yaml of the policy", otherwise="note")
    silent = [name for name, one in sorted(policy.parameters.items()) if all(value.start > today for value in one.values)]
    told = f"no value for today: {few(list(silent))}" if silent else f"{len(policy.parameters)} have a value for today"
    yield check("parameters", not silent, told, "what needs them is unknown: give them a value from an earlier day", otherwise="note")
    old = [f"{name} (since {since})" for name, one in sorted(policy.parameters.items()) if (since := _outgrown(one, today)) is not None]
    seen = f"not renewed as they were before: {few(list(old))}" if old else "all that are renewed each year or month are"
    yield check("yearly parameters", not old, seen, "until then the last value counts: give the new one, or the same again", otherwise="note")


def loop(policy: Policy) -> Iterator[Check]:
    """What officials say of cases, monitoring, visits and reports: no standard, so that checking the standards leaves it out."""
    if not (policy_folder() / CASEWORK).exists():
        yield Check(
            "casework", "note", f"no {CASEWORK}: what runs find becomes alerts, and no case is opened", "write one, as that of the sample"
        )
        return
    found: list[str] = []
    for read in (read_casework, lambda folder: load_questions(folder, policy), lambda folder: load_channels(folder, policy)):
        try:
            read(policy_folder())
        except (CaseworkFaults, PolicyFaults) as error:
            found += [str(fault) for fault in error.faults]
    found += [str(fault) for fault in read_terms(policy_folder())[1]]
    seen = f"{len(found)} faults: {found[0]}" if found else "0 faults; monitoring, questions and channels neither"
    yield check("casework", not found, " ".join(seen.split()), "mend them in the policy's folder: every run reads them")


def _outgrown(parameter: Parameter, today: date) -> date | None:
    """The day of the last value of one that was given a new one each year (or oftener), where that is longer ago than it used to be."""
    days = sorted({value.start for value in parameter.values if value.start <= today})
    rhythm = max(((b - a).days for a, b in pairwise(days[-3:])), default=0)
    return days[-1] if len(days) > 2 and rhythm <= YEAR and (today - days[-1]).days > rhythm else None


def feeds(policy: Policy, today: date) -> Iterator[Check]:
    if not Household.objects.exists():
        yield Check("registry", "note", "no household yet", "anju places import, then anju people import")
        return
    wanted = {code for code in feeds_of(policy, plan_of(policy, today)) if not getattr(policy.contracts[code], "platform", False)}
    never = sorted(wanted - set(Delivery.objects.filter(status="accepted").values_list("feed", flat=True)))
    yield check("feeds", not never, f"never delivered: {few(list(never), 20)}" if never else f"all {len(wanted)} that the standards read",
                "what rests on them is unknown until its department delivers", otherwise="note")  # fmt: skip
    held = Delivery.objects.filter(status="accepted", confirmed_at__isnull=True, withdrawn_at__isnull=True).exclude(held_reason="").count()
    yield check("held deliveries", not held, f"{held} wait for their owner's word", "anju feeds status --held", otherwise="note")


def _record() -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads((data_folder() / RECORD).read_text(encoding="utf-8"))
        return found
    except (OSError, ValueError):
        return {}


def backups(deep: bool, days: int) -> Iterator[Check]:
    record = _record()
    if not record:
        yield Check("backup", "note", "none was ever made here", "anju backup FOLDER")
        return
    age = (timezone.now() - datetime.fromisoformat(record["made_at"])).days
    yield check("backup", age <= days, f"{age} days ago, in {record['in']}", f"anju backup {record['in']}", otherwise="note")
    if deep:
        yield from _against_backup(Path(record["in"]), record["set"])


def _against_backup(where: Path, name: str) -> Iterator[Check]:
    """Files of the lake never change: one that differs from what was backed up was altered."""
    try:
        files = Store(where).load(name).files
    except BackupError as error:
        yield Check("lake and backup", "note", str(error), "anju backup FOLDER")
        return
    lake_files = {n: e for n, e in files.items() if n.startswith("lake/")}
    altered = [n for n, e in lake_files.items() if (data_folder() / n).exists() and hash_of(data_folder() / n) != e.sha256]
    told = f"altered: {few(list(altered))}" if altered else f"{len(lake_files)} files as they were backed up"
    yield check("lake and backup", not altered, told, "restore into an empty folder, and put its files in place of these")
