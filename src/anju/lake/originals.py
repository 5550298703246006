"""Files as they were delivered, kept encrypted until they expire: they hold full identity numbers."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Protocol


class FileSealer(Protocol):
    def encrypt_file(self, source: BinaryIO, target: BinaryIO) -> None: ...

    def decrypt_file(self, source: BinaryIO, target: BinaryIO) -> None: ...


def original_path(root: Path, delivery_id: int) -> Path:
    return root / "raw" / f"{delivery_id}.enc"


def keep_original(root: Path, delivery_id: int, file: Path, vault: FileSealer) -> None:
    path = original_path(root, delivery_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with file.open("rb") as source, partial.open("wb") as target:
        vault.encrypt_file(source, target)
    partial.replace(path)


def give_original(root: Path, delivery_id: int, out: Path, vault: FileSealer) -> int:
    """Writes the file as it came; returns its bytes. Raises FileNotFoundError where it is not kept any more."""
    partial = out.with_name(out.name + ".partial")
    with original_path(root, delivery_id).open("rb") as source:
        try:
            with partial.open("wb") as target:
                vault.decrypt_file(source, target)
            partial.replace(out)
        finally:
            partial.unlink(missing_ok=True)
    return out.stat().st_size
