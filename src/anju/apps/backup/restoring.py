"""Brings a set into an empty deployment. Everything is checked and laid out beside its place; then it appears by renames,
the database last: killed at any moment, the deployment is empty or whole, and the same restore can be said again."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from anju.apps.backup.store import BackupError, Progress, Set, Store, room_for
from anju.apps.backup.tables import another_file, known_state, load, migrate_to, reset_sequences, rows_of
from anju.apps.calendar.current import publish
from anju.apps.journal.actions import record
from anju.apps.people.vault import KEY_FILES, key_checks

PLACED = ("lake", "attachments", "policy")  # folders of a set that appear in the data folder
MARK = "restoring"  # a folder in the data folder, there from the first step of a restore to its last


@dataclass(frozen=True, slots=True)
class Restored:
    """`dropped` counts deliveries and runs that were under way when the set was made: nothing of them is kept."""

    set: Set
    rows: int
    files: int
    keys: bool
    policy_folder: Path | None
    dropped: int

    def as_dict(self) -> dict[str, object]:
        return {
            "set": self.set.name,
            "made_at": self.set.made_at,
            "rows": self.rows,
            "files": self.files,
            "keys_fit": self.keys,
            "policy_folder": str(self.policy_folder) if self.policy_folder else None,
            "dropped": self.dropped,
        }


def restore(
    source: Path,
    data: Path,
    policy_digest: str,
    *,
    by: str,
    at: datetime,
    keys: Path | None = None,
    without_keys: bool = False,
    progress: Progress | None = None,
) -> Restored:
    """`source` is a folder of sets (its newest is meant) or one file of its sets/. Raises BackupError and changes nothing
    where the deployment is not empty, the set is damaged or newer than this Anju, or the keys are not the set's."""
    store, one = find_set(source)
    state = known_state(one.migrations)
    refuse_unless_empty(data)
    fits = _keys_fit(one, keys or data / "keys", without_keys)
    room_for(data, one.size * 2)
    stage = data / MARK
    shutil.rmtree(stage, ignore_errors=True)
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    stage.mkdir()
    wanted = {n: e for n, e in one.files.items() if not n.startswith("policy/") or one.policy != policy_digest}
    for nth, (name, entry) in enumerate(sorted(wanted.items()), start=1):
        store.fetch(entry, stage / name, name)
        if progress:
            progress(name, nth, len(wanted))
    if keys is not None:
        _take_keys(keys, data / "keys")
    rows, dropped = _appear(data, stage, state)
    publish()
    shutil.rmtree(stage)
    policy = data / "policy" if one.policy != policy_digest else None
    record(act="backup.restore", about=f"backup:{one.name}", by=by, at=at, detail={"files": len(wanted), "keys_fit": fits})
    return Restored(one, rows, len(wanted), fits, policy, dropped)


def find_set(source: Path) -> tuple[Store, Set]:
    """The newest set of a folder, or the one whose file is named. Raises BackupError."""
    if source.is_file() and source.parent.name == "sets":
        store = Store(source.parent.parent)
        return store, store.load(source.stem)
    store = Store(source)
    return store, store.load()


def refuse_unless_empty(data: Path) -> None:
    """Nothing is ever restored over something. What an interrupted restore left may be replaced."""
    remedy = "restore into an empty deployment: ANJU_DATA=/another/folder anju restore …, and on PostgreSQL another database"
    if held := rows_of(connection):
        table, count = max(held.items(), key=lambda item: item[1])
        raise BackupError(f"the database of this deployment is not empty: {count} rows in {table}", remedy)
    if (data / MARK).exists():
        return
    for name in PLACED:
        if any(path.is_file() and path.name not in ("run.lock", "lock") for path in (data / name).rglob("*")):
            raise BackupError(f"'{data / name}' is not empty", remedy)


def _keys_fit(one: Set, folder: Path, without: bool) -> bool:
    found = key_checks(folder)
    wrong = [name for name, check in one.keys.items() if found.get(name) != check]
    if not wrong:
        return True
    if without and not found:
        return False
    told = ", ".join(f"{name} (check value {one.keys[name]}, {'found ' + found[name] if name in found else 'missing'})" for name in wrong)
    raise BackupError(
        f"'{folder}' has not the keys of this set: {told}",
        f"put the saved {' and '.join(KEY_FILES)} there or name their folder with --keys; without them identity numbers and refused rows "
        "stay unreadable and no delivery can be taken in (--without-keys restores all the same, into a folder with no keys)",
        not_ready=True,
    )


def _take_keys(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in KEY_FILES:
        if (source / name).exists() and source.resolve() != target.resolve():
            shutil.copyfile(source / name, target / name)
        (target / name).chmod(0o600)


def _appear(data: Path, stage: Path, state: list[tuple[str, str]]) -> tuple[int, int]:
    """Tables in, files in their places, and last the database. Returns (rows, rows dropped)."""
    if connection.vendor == "postgresql":
        migrate_to(connection, state)
        with transaction.atomic():
            rows, dropped = _fill(connection, stage)
            _place(data, stage)
        migrate_to(connection, None)
        return rows, dropped
    final = Path(str(connection.settings_dict["NAME"]))
    final.parent.mkdir(parents=True, exist_ok=True)
    draft = final.with_name(f"{final.name}.{MARK}")
    _remove_database(draft)
    with another_file(draft) as target:
        migrate_to(target, state)
        with transaction.atomic():
            rows, dropped = _fill(target, stage)
        migrate_to(target, None)
        with target.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _place(data, stage)
    connection.close()
    _remove_database(final)
    draft.replace(final)
    return rows, dropped


def _fill(target: BaseDatabaseWrapper, stage: Path) -> tuple[int, int]:
    with target.cursor() as cursor:
        for name in rows_of(target):  # what the migrations put there themselves is in the set, as it was
            cursor.execute(f"DELETE FROM {target.ops.quote_name(name)}")
    rows = sum(load(target, path.stem, path) for path in sorted((stage / "tables").glob("*.parquet")))
    reset_sequences(target)
    dropped = 0
    with target.cursor() as cursor:
        # what was under way belongs to processes that are not here
        there = target.introspection.table_names(cursor)
        for name, under_way in (("feeds_delivery", "status = 'receiving'"), ("findings_run", "finished_at IS NULL")):
            if name in there:
                cursor.execute(f"DELETE FROM {name} WHERE {under_way}")
                dropped += cursor.rowcount
        if "notices_message" in there:  # what waited when the set was made may have gone out since: nobody sends it again by himself
            said = "it waited when the backup was made, and may have gone out since"
            sql = "UPDATE notices_message SET state = 'uncertain', said = %s WHERE state IN ('waiting', 'sending')"
            cursor.execute(sql, [said])
    return rows - dropped, dropped


def _place(data: Path, stage: Path) -> None:
    for name in PLACED:
        if (stage / name).exists():
            shutil.rmtree(data / name, ignore_errors=True)
            (stage / name).rename(data / name)


def _remove_database(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def interrupted(data: Path) -> bool:
    """Whether a restore began here and did not end."""
    return (data / MARK).exists() and not rows_of(connection)
