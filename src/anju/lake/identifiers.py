"""Identifiers in their normal form, whole columns at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from anju.core.terms.identifiers import CHECKS, VALIDATORS, WEIGHTS

LENGTH = 18
DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def normalise(values: pa.Array, validator: str) -> tuple[pa.Array, pa.Array]:
    """(normal form or null, reason or null) of each of the distinct texts `values`.

    Whatever is not plainly right goes to the validator, one by one, which knows other forms and says what is wrong."""
    plain = _plain_resident_ids(values) if validator == "cn_resident_id" else np.zeros(len(values), bool)
    mask = pa.array(plain)
    rest = np.flatnonzero(~plain)
    check = VALIDATORS[validator]
    normal: list[str | None] = []
    reasons: list[str | None] = []
    for value in values.take(pa.array(rest)).to_pylist():
        try:
            normal.append(check(value))
            reasons.append(None)
        except ValueError as error:
            normal.append(None)
            reasons.append(str(error))
    if not len(rest):
        return values, pa.nulls(len(values), pa.string())
    at = np.zeros(len(values), np.int64)
    at[rest] = np.arange(len(rest))
    spread = pa.array(at)
    others = pa.array(normal, pa.string()).take(spread)
    why = pc.if_else(mask, pa.scalar(None, pa.string()), pa.array(reasons, pa.string()).take(spread))
    return pc.if_else(mask, values, others), why


def normalise_any(values: pa.Array, validators: Sequence[str]) -> tuple[pa.Array, pa.Array]:
    """The same by the first validator that reads a text; the reason is the first one's."""
    normal, reasons = normalise(values, validators[0])
    for validator in validators[1:]:
        rest = pc.is_null(normal)
        if not pc.any(rest).as_py():
            break
        others, _ = normalise(values, validator)
        found = pc.and_(rest, pc.is_valid(others))
        normal, reasons = pc.if_else(found, others, normal), pc.if_else(found, pa.scalar(None, pa.string()), reasons)
    return normal, reasons


def _plain_resident_ids(values: pa.Array) -> np.ndarray:
    """TRUE where a text is an 18-character resident identity number as it should be (GB 11643)."""
    found = np.zeros(len(values), bool)
    long = np.flatnonzero(pc.equal(pc.binary_length(values), LENGTH).fill_null(False).to_numpy(zero_copy_only=False))
    if not len(long):
        return found
    chosen = values.take(pa.array(long)).cast(pa.binary())
    offsets = np.frombuffer(chosen.buffers()[1], np.int32)[chosen.offset : chosen.offset + len(chosen) + 1]
    bytes_ = np.frombuffer(chosen.buffers()[2], np.uint8)[offsets[0] : offsets[-1]].reshape(len(chosen), LENGTH)
    digits = bytes_[:, : LENGTH - 1].astype(np.int64) - ord("0")
    right = ((digits >= 0) & (digits <= 9)).all(axis=1)
    total = (digits * np.array(WEIGHTS)).sum(axis=1) % len(CHECKS)
    right &= np.frombuffer(CHECKS.encode(), np.uint8)[total] == bytes_[:, LENGTH - 1]
    year = digits[:, 6:10] @ np.array([1000, 100, 10, 1])
    month = digits[:, 10] * 10 + digits[:, 11]
    day = digits[:, 12] * 10 + digits[:, 13]
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    most = DAYS[np.clip(month, 0, 12)] + ((month == 2) & leap)
    right &= (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= most)
    found[long] = right
    return found
