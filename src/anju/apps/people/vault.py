"""Identifiers and phones at rest: encrypted with one key, found through a hash made with another.

Both keys are files of 32 bytes under ANJU_DATA/keys, readable by their owner only and never in the database: a stolen
dump can neither be read nor be tried against a list of identity numbers.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from anju.apps.people.models import Identifier

NONCE_BYTES = 12
PIECE_BYTES = 1 << 20
FILE_ID_BYTES = 16
FILE_MARK = b"ANJU\x01"
KEY_BYTES = 32
KEY_FILES = ("data.key", "index.key")


@dataclass(frozen=True, slots=True)
class Keys:
    data: bytes
    index: bytes


def keys_folder() -> Path:
    return Path(settings.DATA) / "keys"


def key_checks(folder: Path | None = None) -> dict[str, str]:
    """A value by which each key file that is there can be recognised, and which says nothing else about the key."""
    found = {}
    for name in KEY_FILES:
        path = (folder or keys_folder()) / name
        if path.is_file():
            found[name] = hmac.digest(path.read_bytes(), b"anju key check 1", hashlib.sha256).hex()[:16]
    return found


def keys_open_registry(keys: Keys) -> bool | None:
    """Whether these keys read and find what the registry holds; None where it holds no identifier yet."""
    one = Identifier.objects.order_by("pk").first()
    if one is None:
        return None
    try:
        return digest(keys, one.type, Sealer(keys).open(bytes(one.value))) == one.digest
    except InvalidTag:
        return False


def ensure_keys(folder: Path | None = None) -> Keys:
    """The two keys, made on first use. Raises ValueError when a key file is not 32 bytes long, or lost."""
    own = folder is None
    folder = folder or keys_folder()
    lost = [name for name in KEY_FILES if not (folder / name).exists()]
    if own and lost and (held := Identifier.objects.count()):
        raise ValueError(
            f"{folder} lacks {', '.join(lost)}, and the registry holds {held} identifiers under the keys it was filled with: "
            "put the saved keys back in their place (new ones would open nothing)"
        )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Keys(_key(folder / "data.key"), _key(folder / "index.key"))


def _key(path: Path) -> bytes:
    # Of several that start together, processes or threads, one makes the key and the others read it. The key is
    # written beside its place, under a name nobody else has, and linked into it: nobody ever reads half a key.
    if not path.exists():
        descriptor, draft = mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(KEY_BYTES))
        with suppress(FileExistsError):
            os.link(draft, path)
        Path(draft).unlink()
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise ValueError(
            f"{path}: the key has {len(key)} bytes instead of {KEY_BYTES}; put the saved key back in its place "
            "(a new key would make everything stored so far unreadable)"
        )
    return key


def digest(keys: Keys, kind: str, normal: str) -> str:
    """The keyed hash by which a normal form is found; `kind` keeps a phone and a number of equal digits apart."""
    return hmac.digest(keys.index, f"{kind}:{normal}".encode(), hashlib.sha256).hex()


def digests(keys: Keys, kind: str, normals: Iterable[str]) -> list[str]:
    return [digest(keys, kind, normal) for normal in normals]


class Sealer:
    """Encrypts and reads many values under one key; the nonce stands before the ciphertext."""

    def __init__(self, keys: Keys) -> None:
        self._cipher = AESGCM(keys.data)

    def seal(self, text: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), None)

    def open(self, sealed: bytes) -> str:
        """Raises cryptography's InvalidTag when the value was altered or sealed with another key."""
        return self._cipher.decrypt(bytes(sealed[:NONCE_BYTES]), bytes(sealed[NONCE_BYTES:]), None).decode()


class FileVault:
    """Encrypts whole files that hold full identifiers, under the same data.key."""

    def __init__(self, keys: Keys | None = None) -> None:
        self._cipher = AESGCM((keys or ensure_keys()).data)

    def encrypt(self, data: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data, None)

    def decrypt(self, data: bytes) -> bytes:
        """Raises cryptography's InvalidTag when the data was altered or encrypted with another key."""
        return self._cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], None)

    def encrypt_file(self, source: BinaryIO, target: BinaryIO) -> None:
        """Piece by piece, so that a file of any size needs little memory. Each piece is bound to its file, its place and
        whether it is the last: pieces of two files, another order or a cut end do not open."""
        file_id = os.urandom(FILE_ID_BYTES)
        target.write(FILE_MARK + file_id)
        piece, number = source.read(PIECE_BYTES), 0
        while True:
            following = source.read(PIECE_BYTES)
            nonce = os.urandom(NONCE_BYTES)
            sealed = self._cipher.encrypt(nonce, piece, _place(file_id, number, last=not following))
            target.write(len(sealed).to_bytes(4, "big") + nonce + sealed)
            if not following:
                return
            piece, number = following, number + 1

    def decrypt_file(self, source: BinaryIO, target: BinaryIO) -> None:
        """Raises cryptography's InvalidTag when the file was altered, cut off, or encrypted with another key."""
        if source.read(len(FILE_MARK)) != FILE_MARK:
            raise InvalidTag
        file_id, number = source.read(FILE_ID_BYTES), 0
        head = source.read(4 + NONCE_BYTES)
        while head:
            sealed = source.read(int.from_bytes(head[:4], "big"))
            following = source.read(4 + NONCE_BYTES)
            target.write(self._cipher.decrypt(head[4:], sealed, _place(file_id, number, last=not following)))
            head, number = following, number + 1
        if number == 0:
            raise InvalidTag


def _place(file_id: bytes, number: int, *, last: bool) -> bytes:
    return file_id + number.to_bytes(8, "big") + (b"!" if last else b".")


def masked_identifier(normal: str) -> str:
    """'522301************': at most the first six. The last four are left out too: with them and the day of birth, which
    stands readable beside it, a mask would give the whole number away. Whoever may see more unseals the value."""
    shown = 6 if len(normal) >= 15 else len(normal) // 4
    return normal[:shown] + "*" * (len(normal) - shown)


def masked_phone(normal: str) -> str:
    return normal[:3] + "*" * max(0, len(normal) - 7) + normal[-4:]


def masked_name(name: str | None) -> str:
    """'韦**': the first character (or, with spaces, the first word's initial) and as many stars as are hidden."""
    if not name:
        return ""
    return name[0] + "*" * max(1, len(name) - 1)
