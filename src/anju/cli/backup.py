"""anju backup and anju restore: the whole deployment as one consistent set, and back."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import click
from django.utils import timezone

from anju.apps.backup.making import make_backup
from anju.apps.backup.restoring import find_set
from anju.apps.backup.restoring import restore as bring_back
from anju.apps.backup.store import BackupError
from anju.cli.context import actor, data_folder, json_option, migrated, policy_folder, progress, say
from anju.cli.endings import FOUND, NOT_READY, WRONG_USE, fail
from anju.core.standards.read import read_policy


@click.command()
@click.argument("out", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option("--keep", type=click.IntRange(min=1), help="Keep only so many of the newest sets (default: all).")
@click.option("--verify", is_flag=True, help="Make nothing: check every file of the newest set in FOLDER, or of one file of its sets/.")
@json_option
def backup(out: Path, keep: int | None, verify: bool, as_json: bool) -> None:
    """Add a set to FOLDER: database, lake, policy and rows set aside, as of one moment, while others go on working.

    The keys are never in a set: the answer says where they are. Content that FOLDER holds already is not copied again.

    \b
    anju backup /mnt/backup/anju
    anju backup /mnt/backup/anju --keep 14
    anju backup --verify /mnt/backup/anju
    """
    out = out.expanduser().resolve()
    if verify:
        _verify(out, as_json)
        return
    migrated()
    policy, _ = read_policy(policy_folder())
    try:
        with progress("backing up") as advance:
            made = make_backup(
                data_folder(), policy_folder(), policy.digest if policy else "", out, by=actor(), at=timezone.now(), keep=keep, progress=advance
            )
    except BackupError as error:
        _refuse(error)
    keys = data_folder() / "keys"
    named = ", ".join(f"{name} (check value {check})" for name, check in made.set.keys.items())
    lines = [
        f"set {made.set.name} in {out}: {sum(made.set.rows.values()):,} rows, {len(made.set.files):,} files, {made.set.size / 1e6:,.1f} MB",
        f"{made.written:,} files were new ({made.written_bytes / 1e6:,.1f} MB)"
        + (f"; {made.sets_removed} older sets removed" * bool(made.sets_removed)),
        f"The keys are NOT in it. Save them elsewhere, apart from the sets: {keys}: {named}" if named else "No keys have been made yet.",
        *(f"MISSING on the disk: {name}" for name in made.set.missing),
    ]
    say(as_json, {**made.as_dict(), "keys_folder": str(keys)}, lines)
    if made.set.missing:
        raise SystemExit(FOUND)


def _verify(source: Path, as_json: bool) -> None:
    try:
        store, one = find_set(source)
        with progress("checking") as advance:
            faults = store.faults(one, advance)
    except BackupError as error:
        _refuse(error)
    faults += [f"{name}: was missing on the disk already when the set was made" for name in one.missing]
    data = {"set": one.name, "files": len(one.files), "bytes": one.size, "faults": faults}
    say(as_json, data, [*faults, f"set {one.name}: {len(one.files):,} files, {one.size / 1e6:,.1f} MB, {len(faults)} faults"])
    if faults:
        raise SystemExit(FOUND)


@click.command()
@click.argument("source", metavar="FROM", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--keys",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the saved keys (default: they lie in ANJU_DATA/keys).",
)
@click.option("--without-keys", is_flag=True, help="Restore although the keys are lost; what they sealed stays unreadable.")
@json_option
def restore(source: Path, keys: Path | None, without_keys: bool, as_json: bool) -> None:
    """Bring a set back into an empty deployment. FROM is the folder given to anju backup, or one file of its sets/.

    A set made on SQLite can be restored into PostgreSQL, and the other way round.

    \b
    ANJU_DATA=/srv/anju anju restore /mnt/backup/anju --keys /media/usb/keys
    """
    policy, _ = read_policy(policy_folder())
    try:
        with progress("restoring") as advance:
            done = bring_back(
                source.expanduser().resolve(),
                data_folder(),
                policy.digest if policy else "",
                by=actor(),
                at=timezone.now(),
                keys=keys,
                without_keys=without_keys,
                progress=advance,
            )
    except BackupError as error:
        _refuse(error)
    lines = [f"set {done.set.name} is back in {data_folder()}: {done.rows:,} rows, {done.files:,} files"]
    if done.policy_folder:
        lines.append(f"The policy in use is not the set's. To use the set's: export ANJU_POLICY={done.policy_folder}")
    if done.dropped:
        lines.append(f"{done.dropped} deliveries or runs were under way when the set was made, and are not in it: send or start them again")
    lines += [f"missing on the disk already when the set was made: {name}" for name in done.set.missing]
    lines.append(
        "Next: anju doctor" if done.keys else "NOT READY: without its keys no identity number can be read or found, and nothing taken in"
    )
    say(as_json, done.as_dict(), lines)
    if not done.keys:
        raise SystemExit(NOT_READY)
    if done.set.missing:
        raise SystemExit(FOUND)


def _refuse(error: BackupError) -> NoReturn:
    fail(str(error), error.remedy, code=NOT_READY if error.not_ready else WRONG_USE)
