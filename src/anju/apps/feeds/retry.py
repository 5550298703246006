"""Rows set aside because nobody in the register has their number, tried again when more people are known.

Each retry is a delivery of its own that belongs to the first: its rows are dated as they came, and known from the retry on, so
that what was known before stays as it was. It covers nothing by itself and shares the first one's fate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from anju.apps.feeds.models import Delivery, HeaderMapping, RejectedRow
from anju.apps.journal.actions import record
from anju.core.contracts.model import Contract, Programme
from anju.core.standards.model import Policy
from anju.core.terms.viewer import Viewer
from anju.lake.files import FileRefused
from anju.lake.intake import Directory, Vault
from anju.lake.mended import MendedSheet
from anju.lake.refused import refused_path
from anju.lake.retry import Keys, Origin, Retried, Retry, matched_rate


@dataclass(frozen=True, slots=True)
class RetriedDelivery:
    """Of the delivery `receipt`: how many of its rows set aside were tried, and what became of them."""

    receipt: int
    feed: str
    tried: int
    accepted: int
    duplicates: int
    set_aside: int

    def as_dict(self) -> dict[str, object]:
        return {
            "receipt": self.receipt, "feed": self.feed, "tried": self.tried, "accepted": self.accepted, "duplicates": self.duplicates,
            "set_aside": self.set_aside,
        }  # fmt: skip


def name_of(by: Viewer | str) -> str:
    return by.name if isinstance(by, Viewer) else by


def retry_strangers(*, policy: Policy, root: Path, directory: Directory, vault: Vault, by: Viewer | str, at: datetime) -> list[RetriedDelivery]:
    """Tries every row again whose person, household or place is known by now. Each delivery changes whole, or not at all."""
    waiting = Delivery.objects.filter(
        status="accepted", retry_of__isnull=True, withdrawn_at__isnull=True, expired_at__isnull=True, refused__gt=0
    ).order_by("received_at", "pk")
    found = []
    for first in waiting:
        contract = policy.contracts.get(first.feed)
        if isinstance(contract, Contract) and isinstance(policy.programme, Programme):
            done = _retry(first, contract, policy.programme, root, directory, vault, by, at)
            found += [done] if done is not None else []
    return found


def mend_rows(
    sheet: MendedSheet, *, policy: Policy, root: Path, directory: Directory, vault: Vault, by: Viewer | str, at: datetime
) -> RetriedDelivery:
    """Takes the mended rows of a delivery in; rows still wrong stay set aside, with what they say now. A full list is not displaced.

    Rows taken in before change nothing. Raises FileRefused where the sheet mends no delivery that stands."""
    first = Delivery.objects.filter(pk=sheet.receipt, status="accepted", retry_of__isnull=True).first()
    if first is None:
        raise FileRefused(
            f"there is no receipt {sheet.receipt}", "the sheet was written by another deployment", "ask for the rows anew: anju feeds refused"
        )
    if first.withdrawn_at is not None or first.expired_at is not None:
        gone = "was withdrawn" if first.withdrawn_at is not None else "has expired with its rows set aside"
        raise FileRefused(f"receipt {first.pk} {gone}", "there is nothing left to mend", "send the rows in a file of their own")
    contract = policy.contracts[first.feed]
    assert isinstance(contract, Contract)
    assert isinstance(policy.programme, Programme)
    done = _retry(first, contract, policy.programme, root, directory, vault, by, at, sheet) if first.refused else None
    return done or RetriedDelivery(first.pk, first.feed, 0, 0, 0, first.refused)


def refused_number(first: Delivery) -> int:
    """Under which number the rows of a delivery that are still set aside are kept: that of its last retry."""
    last = first.retries.filter(status="accepted").order_by("-pk").first()
    return last.pk if last is not None else first.pk


def _retry(
    first: Delivery,
    contract: Contract,
    programme: Programme,
    root: Path,
    directory: Directory,
    vault: Vault,
    by: Viewer | str,
    at: datetime,
    mended: MendedSheet | None = None,
) -> RetriedDelivery | None:
    before = list(first.retries.filter(status="accepted").order_by("pk"))
    numbers = [first.pk, *(retry.pk for retry in before)]
    files = tuple(path for n in numbers if (path := root / "feeds" / first.feed / f"{n}.parquet").exists())
    remembered = dict(HeaderMapping.objects.filter(feed=first.feed, unit=first.unit).values_list("header", "column"))
    origin = Origin(first.pk, files, numbers[-1], first.received_at.replace(tzinfo=None), first.valid, first.unit or None, remembered)
    retry = Retry(root, contract, programme, origin, directory, vault, mended)
    if not retry.chosen:
        return None
    received = max(at, first.received_at, *(r.received_at for r in before))
    delivery = Delivery.objects.create(
        feed=first.feed, unit=first.unit, file_name=first.file_name, sha256="", received_at=received, valid=first.valid,
        recorded_by=name_of(by), retry_of=first,
    )  # fmt: skip
    try:
        retried = retry.take(delivery.pk)
        _record(first, delivery, retried, by)
    except BaseException:
        _forget(root, delivery)
        raise
    for number in numbers:  # what is still set aside stands under the new number
        refused_path(root, number).unlink(missing_ok=True)
    return RetriedDelivery(first.pk, first.feed, retried.tried, retried.accepted, retried.duplicates, retried.left)


def _forget(root: Path, delivery: Delivery) -> None:
    (root / "feeds" / delivery.feed / f"{delivery.pk}.parquet").unlink(missing_ok=True)
    refused_path(root, delivery.pk).unlink(missing_ok=True)
    delivery.delete()


@transaction.atomic
def _record(first: Delivery, delivery: Delivery, retried: Retried, by: Viewer | str) -> None:
    """The retry becomes visible, and the first delivery's counts move with it. rows = accepted + refused + duplicates + skipped
    stays true. Raises RuntimeError where another retry of the same delivery was quicker."""
    delivery.status = "accepted"
    delivery.rows, delivery.accepted, delivery.duplicates = retried.tried, retried.accepted, retried.duplicates
    delivery.unknown_people = first.unknown_people - retried.strangers
    delivery.save()
    accepted = first.accepted + retried.accepted
    matched = matched_rate(accepted, retried.strangers) if first.matched_rate is not None else None
    why = "that were mended" if retried.mended_of else "whose people were not known before"
    note = f"{delivery.received_at:%Y-%m-%d}: {retried.accepted} rows taken in {why}"
    changed = Delivery.objects.filter(pk=first.pk, accepted=first.accepted, refused=first.refused, withdrawn_at__isnull=True).update(
        accepted=accepted, refused=retried.left, duplicates=first.duplicates + retried.duplicates, unknown_people=retried.strangers,
        matched_rate=matched, reasons=dict(retried.reasons), messages=[*first.messages, note],
    )  # fmt: skip
    if not changed:
        raise RuntimeError(f"delivery {first.pk} was changed by somebody else at the same time: say anju feeds retry once more")
    _settle(first, delivery, retried)
    act = "feeds.mend" if retried.mended_of else "feeds.retry"
    counts = {"tried": retried.tried, "accepted": retried.accepted, "duplicates": retried.duplicates, "left": retried.left}
    record(act=act, about=f"delivery:{first.pk}", by=by, at=timezone.now(), detail=counts)


def _settle(first: Delivery, delivery: Delivery, retried: Retried) -> None:
    """Rows taken in make nothing unknown any more; rows still set aside, of people now known, do so from now on."""
    standing = list(RejectedRow.objects.filter(delivery__in=[first, *first.retries.all()], settled_at__isnull=True))
    taken = {(*about, r.period, r.valid) for r in retried.taken for about in _parts((r.person_id, r.household_id, r.place_id))}
    left = {about for keys in retried.left_of for about in _parts(keys)}
    mended = {about for keys in retried.mended_of for about in _parts(keys)}  # their period or day may be what was mended
    settled = [
        row.pk for row in standing
        if ((*_about(row), row.period, row.valid) in taken or _about(row) in mended) and _about(row) not in left
    ]  # fmt: skip
    RejectedRow.objects.filter(pk__in=settled).update(settled_at=delivery.received_at)
    known = {(*_about(r), r.period, r.valid) for r in standing if r.pk not in set(settled)}
    RejectedRow.objects.bulk_create(
        [
            RejectedRow(
                delivery=delivery, person_id=r.person_id, household_id=r.household_id, place_id=r.place_id, period=r.period, valid=r.valid
            )
            for r in retried.refusals
            if (r.person_id, r.household_id, r.place_id, r.period, r.valid) not in known
        ],
        2_000,
    )


def _about(row: RejectedRow) -> Keys:
    return row.person_id, row.household_id, row.place_id


def _parts(keys: Keys) -> Iterator[Keys]:
    """What a row about these may have been known by when it was set aside: some of the keys, not all."""
    person, household, place = keys
    yield from product({person, None}, {household, None}, {place, None})
