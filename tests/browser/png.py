"""Pictures small enough for a repository: a screenshot with at most 256 colours, written as an indexed PNG."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
Pixels = NDArray[np.uint8]


def read_png(data: bytes) -> Pixels:
    """Height × width × 3 of an 8-bit RGB or RGBA picture without interlacing, as Chromium writes it."""
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", data[16:29])
    if (depth, interlaced) != (8, 0) or kind not in (2, 6):
        raise ValueError(f"only 8-bit colour without interlacing, not depth {depth} of kind {kind}")
    channels, body, at = (3 if kind == 2 else 4), b"", 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        body += data[at + 8 : at + 8 + length] if data[at + 4 : at + 8] == b"IDAT" else b""
        at += length + 12
    raw = np.frombuffer(zlib.decompress(body), dtype=np.uint8).reshape(height, width * channels + 1)
    rows = np.zeros((height + 1, width + 1, channels), dtype=np.uint8)  # a row above and a pixel before that are nothing
    for y in range(height):
        _unfilter(int(raw[y, 0]), raw[y, 1:].reshape(width, channels), rows[y], rows[y + 1])
    return rows[1:, 1:, :3]


def _unfilter(how: int, coded: Pixels, above: Pixels, row: Pixels) -> None:
    """Undoes one row's filter, by the definitions of the PNG specification."""
    if how in (0, 2):
        row[1:] = coded if how == 0 else coded + above[1:]
    elif how == 1:
        row[1:] = np.cumsum(coded, axis=0, dtype=np.uint8)
    else:
        for x in range(1, len(row)):
            left, up = row[x - 1].astype(int), above[x].astype(int)
            guess = (left + up) // 2 if how == 3 else _paeth(left, up, above[x - 1].astype(int))
            row[x] = (coded[x - 1] + guess) % 256


def _paeth(left: NDArray[np.int_], up: NDArray[np.int_], corner: NDArray[np.int_]) -> NDArray[np.int_]:
    guess = left + up - corner
    a, b, c = abs(guess - left), abs(guess - up), abs(guess - corner)
    return np.where((a <= b) & (a <= c), left, np.where(b <= c, up, corner))


def write_small(pixels: Pixels, path: Path) -> None:
    """The 256 commonest colours, every other the nearest of them."""
    height, width, _ = pixels.shape
    packed = pixels.astype(np.uint32) @ np.array([65536, 256, 1], dtype=np.uint32)
    colours, nth, counts = np.unique(packed.ravel(), return_inverse=True, return_counts=True)
    kept = np.sort(np.argsort(-counts)[:256])
    palette = np.stack([colours[kept] >> 16, colours[kept] >> 8 & 255, colours[kept] & 255], axis=1).astype(np.int64)
    every = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1).astype(np.int64)
    nearest = np.concatenate(
        [((part[:, None, :] - palette[None]) ** 2).sum(axis=2).argmin(axis=1) for part in np.array_split(every, len(every) // 2000 + 1)]
    )
    index = nearest[nth].astype(np.uint8).reshape(height, width)
    lines = np.hstack([np.zeros((height, 1), dtype=np.uint8), index]).tobytes()
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", palette.astype(np.uint8).tobytes()),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(SIGNATURE + b"".join(struct.pack(">I", len(b)) + t + b + struct.pack(">I", zlib.crc32(t + b)) for t, b in parts))
