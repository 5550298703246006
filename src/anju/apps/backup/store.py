"""A folder of sets. Every file lies once under the hash of its content; a set is a list of names and hashes.

files/1a/1a2b3c…      content, shared by all sets that name it
sets/<moment>.json    one set: written last and by a rename, so that a set which stands here is whole
lock                  one writer at a time
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FORMAT = 1
CHUNK = 1 << 20
README = """A folder of backup sets of Anju. Do not change anything in it by hand.

    anju backup --verify FOLDER     checks every file of the newest set
    anju restore FOLDER             brings the newest set into an empty deployment (a file of sets/ names another one)

The keys that open identity numbers, raw files and refused rows are NOT in here. They are kept elsewhere: without them
the sets cannot be read in full.
"""
Progress = Callable[[str, int, int], None]


class BackupError(Exception):
    """What cannot be done with a set or a folder of sets, and what to do instead."""

    def __init__(self, what: str, remedy: str = "", *, not_ready: bool = False) -> None:
        super().__init__(what)
        self.remedy, self.not_ready = remedy, not_ready


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a set. `mtime_ns` is the source's: the same size and time at the same name is not read again."""

    sha256: str
    size: int
    mtime_ns: int = 0


@dataclass(slots=True)
class Set:
    """`files` by name below tables/, lake/, attachments/ and policy/; `missing` was named by the database and not found on the disk."""

    name: str
    made_at: str
    anju: str
    engine: str
    keys: dict[str, str]
    migrations: dict[str, list[str]]
    policy: str
    rows: dict[str, int] = field(default_factory=dict)
    files: dict[str, Entry] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        return sum(entry.size for entry in self.files.values())

    def as_dict(self) -> dict[str, Any]:
        whole = {name: getattr(self, name) for name in Set.__slots__ if name not in ("files",)}
        files = {name: [e.sha256, e.size, e.mtime_ns] for name, e in sorted(self.files.items())}
        return {"format": FORMAT, **whole, "files": files}


def _digest(document: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


class Store:
    """A folder of sets, to read from; `writing` for the one who adds a set."""

    def __init__(self, root: Path) -> None:
        self.root = root

    # --- reading --------------------------------------------------------------------------------------------------

    def content(self, sha256: str) -> Path:
        return self.root / "files" / sha256[:2] / sha256

    def names(self) -> list[str]:
        """The sets, oldest first."""
        return sorted(path.stem for path in (self.root / "sets").glob("*.json"))

    def load(self, name: str | None = None) -> Set:
        """A set by name, or the newest. Raises BackupError where there is none, or its list was altered."""
        names = self.names()
        if not names:
            raise BackupError(f"'{self.root}' holds no backup set", "name the folder that was given to: anju backup FOLDER")
        path = self.root / "sets" / f"{name or names[-1]}.json"
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            told = document.pop("digest")
            if document["format"] != FORMAT:
                raise BackupError(
                    f"'{path}' is of format {document['format']}, and this Anju reads format {FORMAT}", "install the Anju that made it"
                )
            if told != _digest(document):
                raise BackupError(f"the list of files in '{path}' was altered or is damaged", f"take another set: {', '.join(names)}")
            del document["format"]
            files = {name: Entry(*parts) for name, parts in document.pop("files").items()}
            return Set(**document, files=files)
        except (ValueError, KeyError, TypeError) as error:
            raise BackupError(f"'{path}' is not a backup set: {error}", f"take another set: {', '.join(names)}") from None

    def faults(self, one: Set, progress: Progress | None = None) -> list[str]:
        """Every file of a set that is missing, short or altered, each as a sentence; reads all of it."""
        found = []
        for nth, (name, entry) in enumerate(sorted(one.files.items()), start=1):
            path = self.content(entry.sha256)
            if not path.exists():
                found.append(f"{name}: missing")
            elif path.stat().st_size != entry.size:
                found.append(f"{name}: {path.stat().st_size} bytes instead of {entry.size}")
            elif hash_of(path) != entry.sha256:
                found.append(f"{name}: its content was altered")
            if progress:
                progress(name, nth, len(one.files))
        return found

    def fetch(self, entry: Entry, target: Path, name: str) -> None:
        """A file of a set to `target`, its hash checked on the way. Raises BackupError where it is not what it was."""
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self.content(entry.sha256).open("rb") as source, target.open("wb") as out:
                found = _copy(source, out)
        except FileNotFoundError:
            found = "missing"
        if found != entry.sha256:
            raise BackupError(
                f"the set is damaged: {name} is {'missing' if found == 'missing' else 'altered'}",
                "anju backup --verify tells all; take another set",
            )

    # --- writing --------------------------------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The lock of the one who writes. Raises BackupError where the folder holds other things, or another writes."""
        known = {"files", "sets", "lock", "README.txt"}
        strange = sorted(path.name for path in self.root.iterdir() if path.name not in known) if self.root.exists() else []
        if strange:
            raise BackupError(
                f"'{self.root}' holds other things than backups: {', '.join(strange[:5])}", "name an empty folder, or one that is new"
            )
        for part in ("files", "sets"):
            (self.root / part).mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.root / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BackupError(f"another backup is writing into '{self.root}'", "wait until it ends") from None
            if not (self.root / "README.txt").exists():
                (self.root / "README.txt").write_text(README, encoding="utf-8")
            yield

    def add(self, path: Path, before: Entry | None = None, *, link: bool = False) -> tuple[Entry, bool]:
        """(entry, whether it had to be written). `before` is the entry of the same name in the set before.

        `link` for files that are never changed in place: on the same disk they are linked and not copied."""
        seen = path.stat()
        if before and (before.size, before.mtime_ns) == (seen.st_size, seen.st_mtime_ns) and self._has(before):
            return before, False
        draft = self.root / "files" / f"draft-{os.getpid()}"
        draft.unlink(missing_ok=True)
        try:
            sha256 = _linked(path, draft) if link else None
            if sha256 is None:
                with path.open("rb") as source, open(draft, "wb", opener=_private) as out:  # noqa: PTH123
                    sha256 = _copy(source, out)
                    _flush(out)
            entry = Entry(sha256, draft.stat().st_size, seen.st_mtime_ns)
            if self._has(entry):
                return entry, False
            target = self.content(sha256)
            target.parent.mkdir(exist_ok=True, mode=0o700)
            draft.replace(target)
            return entry, True
        finally:
            draft.unlink(missing_ok=True)

    def _has(self, entry: Entry) -> bool:
        path = self.content(entry.sha256)
        return path.exists() and path.stat().st_size == entry.size

    def finish(self, one: Set) -> Path:
        """The set becomes visible, whole, by a rename."""
        document = one.as_dict()
        target = self.root / "sets" / f"{one.name}.json"
        draft = target.with_suffix(".draft")
        with open(draft, "w", encoding="utf-8", opener=_private) as out:  # noqa: PTH123
            json.dump({**document, "digest": _digest(document)}, out, ensure_ascii=False, indent=1)
            _flush(out)
        draft.replace(target)
        for folder in (self.root / "sets", self.root / "files"):
            handle = os.open(folder, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)
        return target

    def prune(self, keep: int | None) -> tuple[int, int]:
        """Removes all but the newest `keep` sets, and content that no set names. Returns (sets, files) removed."""
        gone = self.names()[:-keep] if keep else []
        for name in gone:
            (self.root / "sets" / f"{name}.json").unlink()
        for draft in (self.root / "sets").glob("*.draft"):
            draft.unlink()
        try:
            named = {entry.sha256 for name in self.names() for entry in self.load(name).files.values()}
        except BackupError:  # what a damaged list names is not known: nothing of it may go
            return len(gone), 0
        stale = [path for path in (self.root / "files").rglob("*") if path.is_file() and path.name not in named]
        for path in stale:
            path.unlink()
        for folder in (self.root / "files").glob("backup-*"):  # of a backup that was killed
            if not any(folder.iterdir()):
                folder.rmdir()
        return len(gone), len(stale)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _flush(out: Any) -> None:
    out.flush()
    os.fsync(out.fileno())


def _copy(source: Any, out: Any) -> str:
    total = hashlib.sha256()
    while chunk := source.read(CHUNK):
        total.update(chunk)
        out.write(chunk)
    return total.hexdigest()


def _linked(path: Path, draft: Path) -> str | None:
    """Links the file where the disk is the same and can; answers its hash, or None where it has to be copied."""
    with suppress(OSError):
        os.link(path, draft)
        return hash_of(draft)
    return None


def hash_of(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def room_for(folder: Path, size: int) -> None:
    """Raises BackupError where the disk of `folder` has not `size` bytes left."""
    nearest = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(nearest).free
    if free < size:
        raise BackupError(
            f"'{folder}' needs {size / 1e6:,.0f} MB and its disk has {free / 1e6:,.0f} MB left", "make room, or name a folder on another disk"
        )
