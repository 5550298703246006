"""Every write about deliveries: receive, confirm, withdraw, and retry what was set aside."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from anju.apps.feeds.models import Coverage, Delivery, HeaderMapping, RejectedRow
from anju.apps.feeds.retry import name_of, refused_number
from anju.apps.journal.actions import Detail, record
from anju.apps.places.codes import one_writer
from anju.apps.places.models import Place
from anju.core.contracts.faults import nearest
from anju.core.contracts.model import Contract, Programme
from anju.core.standards.model import Policy
from anju.core.terms.viewer import Viewer
from anju.lake.files import FileRefused, check_file, file_hash
from anju.lake.intake import Directory, Receipt, Rival, Stage, Vault, take_in
from anju.lake.originals import keep_original, original_path
from anju.lake.refused import refused_path, write_sheet

TEXT = 400  # characters of a reason in the journal


@dataclass(frozen=True, slots=True)
class Received:
    """`repeats` is the earlier delivery this file repeats: then nothing has changed."""

    delivery: Delivery
    repeats: Delivery | None

    def as_dict(self) -> dict[str, object]:
        d = self.repeats or self.delivery
        return {
            "receipt": d.pk,
            "feed": d.feed,
            "unit": d.unit,
            "file": d.file_name,
            "rows": d.rows,
            "accepted": d.accepted,
            "set_aside": d.refused,
            "duplicates": d.duplicates,
            "skipped": d.skipped,
            "matched_rate": str(d.matched_rate) if d.matched_rate is not None else None,
            "conflicts": d.conflicts,
            "held": d.held_reason or None,
            "reasons": d.reasons,
            "messages": d.messages,
            "same_as_before": self.repeats is not None,
        }


def receive_file(
    path: Path,
    *,
    feed: str,
    policy: Policy,
    root: Path,
    directory: Directory,
    vault: Vault,
    by: Viewer | str,
    at: datetime,
    unit: str | None = None,
    valid: date | None = None,
    periods: tuple[str, str] | None = None,
    mapping: Mapping[str, str] | None = None,
    on_stage: Stage | None = None,
) -> Received:
    """Takes one file in. The same bytes, or the same content, twice changes nothing (of a list: twice on one day).

    `mapping` says which of the file's headers is which column; once the file is taken it is remembered for this feed and sender.
    Raises FileRefused."""
    contract = policy.contracts.get(feed)
    if not isinstance(contract, Contract) or contract.registry is not None or contract.platform:
        known = sorted(c for c, x in policy.contracts.items() if isinstance(x, Contract) and not x.registry and not x.platform)
        raise FileRefused(f"'{feed}' is no feed that is delivered as a file", "", "name one of these", known)
    check_file(path)
    if contract.by == "unit" and unit is not None:
        _check_unit(unit, policy)
    _check_mapping(mapping or {}, contract)
    digest = file_hash(path)
    day = valid or at.date()
    if contract.kind == "event" and periods is not None:  # two empty months are the same bytes and different news
        digest = hashlib.sha256(f"{digest} {periods}".encode()).hexdigest()
    alike = _standing(feed, unit)
    if contract.kind == "state":  # the same list on a later day is news: it still stands
        alike = alike.filter(valid=day)
    same = alike.filter(sha256=digest).first()
    if same is not None:
        return Received(same, same)
    delivery = Delivery.objects.create(
        feed=feed, unit=unit or "", file_name=path.name, sha256=digest, received_at=at, valid=day, recorded_by=name_of(by)
    )
    try:
        receipt = _take(path, contract, policy, root, directory, vault, delivery, unit, valid, periods, mapping or {}, on_stage)
        keep_original(root, delivery.pk, path, vault)
        twin = _record(delivery, receipt, alike, mapping or {}, by)
    except BaseException:
        _forget(root, delivery)
        raise
    if twin is not None:
        _forget(root, delivery)
        return Received(twin, twin)
    return Received(delivery, None)


def _check_mapping(mapping: Mapping[str, str], contract: Contract) -> None:
    names = [column.name for column in contract.columns]
    for header, column in mapping.items():
        if column not in names:
            what = f"'{header}' cannot be the column '{column}'"
            raise FileRefused(what, f"{contract.code} has no such column", "name one of its columns", nearest(column, names))


def _check_unit(unit: str, policy: Policy) -> None:
    """Raises FileRefused for a code that is none of the units. Where no places are known yet, nobody can tell."""
    assert isinstance(policy.programme, Programme)
    known = sorted(Place.objects.filter(tree="scope", level=policy.programme.unit_level).values_list("code", flat=True))
    if known and unit not in known:
        raise FileRefused(f"'{unit}' is no management unit", "nobody of this code is known to deliver", "name one of these with --unit", known)


def _standing(feed: str, unit: str | None) -> QuerySet[Delivery]:
    return Delivery.objects.filter(feed=feed, unit=unit or "", status="accepted", withdrawn_at__isnull=True, retry_of__isnull=True).order_by(
        "pk"
    )


def _take(
    path: Path,
    contract: Contract,
    policy: Policy,
    root: Path,
    directory: Directory,
    vault: Vault,
    delivery: Delivery,
    unit: str | None,
    valid: date | None,
    periods: tuple[str, str] | None,
    mapping: Mapping[str, str],
    on_stage: Stage | None,
) -> Receipt:
    assert isinstance(policy.programme, Programme)
    remembered = dict(HeaderMapping.objects.filter(feed=contract.code, unit=unit or "").values_list("header", "column"))
    others = [c for c in policy.contracts.values() if isinstance(c, Contract) and c.code != contract.code]
    return take_in(
        root,
        contract,
        policy.programme,
        path,
        delivery_id=delivery.pk,
        directory=directory,
        vault=vault,
        received_at=delivery.received_at.replace(tzinfo=None),
        unit=unit,
        valid=valid,
        periods=periods if contract.kind == "event" else None,
        previous=_previous(contract.code, unit),
        remembered=remembered,
        others=others,
        said=mapping,
        rivals=_rivals(root, contract, unit),
        on_stage=on_stage,
    )


def _rivals(root: Path, contract: Contract, unit: str | None) -> list[Rival]:
    """What other senders' deliveries of the feed say that count: of a full list of a day each one's last."""
    standing = Delivery.objects.filter(feed=contract.code, status="accepted", withdrawn_at__isnull=True).exclude(unit=unit or "")
    standing = standing.filter(Q(held_reason="") | Q(confirmed_at__isnull=False)).order_by("received_at", "pk")
    found = list(standing.values_list("pk", "unit"))
    if contract.delivery == "full" and contract.kind == "state":
        found = list({sender: (pk, sender) for pk, sender in found}.values())
    periods: dict[int, set[int | None]] = {}
    for pk, period in Coverage.objects.filter(delivery__in=[pk for pk, _ in found]).values_list("delivery", "period"):
        periods.setdefault(pk, set()).add(period)
    rivals = [Rival(root / "feeds" / contract.code / f"{pk}.parquet", frozenset(periods.get(pk, ()))) for pk, _ in found]
    return [rival for rival in rivals if rival.path.exists()]


def _previous(feed: str, unit: str | None) -> dict[str, int]:
    """Rows by unit in the last standing delivery of this sender, of its latest period."""
    last = _standing(feed, unit).filter(held_reason="").order_by("-received_at", "-pk").first()
    if last is None:
        return {}
    covered = list(last.coverage.values_list("unit", "period", "rows"))
    latest: dict[str, tuple[int, int]] = {}
    for covered_unit, period, rows in covered:
        latest[covered_unit] = max(latest.get(covered_unit, (-1, 0)), (period if period is not None else -1, rows))
    return {name: rows for name, (_, rows) in latest.items()}


@transaction.atomic
def _record(delivery: Delivery, receipt: Receipt, alike: QuerySet[Delivery], mapping: Mapping[str, str], by: Viewer | str) -> Delivery | None:
    """The receipt becomes visible whole: coverage and rows set aside in the same transaction as the status.

    Of two who deliver the same at once the second waits here, and is told of the first: the answer is its delivery, else None."""
    one_writer()
    twin = alike.filter(sha256=delivery.sha256).first()
    if twin is None and receipt.refused == 0 and receipt.accepted:
        twin = alike.filter(content_hash=receipt.content_hash, accepted=receipt.accepted, refused=0).first()
    if twin is not None:
        return twin
    delivery.status = "accepted"
    delivery.content_hash = receipt.content_hash
    delivery.rows, delivery.accepted, delivery.refused = receipt.rows, receipt.accepted, receipt.refused
    delivery.duplicates, delivery.skipped = receipt.duplicates, receipt.skipped
    delivery.unknown_people, delivery.conflicts = receipt.unknown_people, receipt.conflicts
    delivery.matched_rate = receipt.matched_rate
    delivery.reasons, delivery.messages, delivery.columns = dict(receipt.reasons), list(receipt.messages), dict(receipt.columns)
    delivery.held_reason = receipt.held_reason or ""
    delivery.save()
    Coverage.objects.bulk_create([Coverage(delivery=delivery, unit=u, period=p, rows=n) for u, p, n in receipt.coverage], 2_000)
    RejectedRow.objects.bulk_create(
        [
            RejectedRow(
                delivery=delivery, person_id=r.person_id, household_id=r.household_id, place_id=r.place_id, period=r.period, valid=r.valid
            )
            for r in receipt.refusals
        ],
        2_000,
    )
    for header, column in mapping.items():
        HeaderMapping.objects.update_or_create(feed=delivery.feed, unit=delivery.unit, header=header, defaults={"column": column})
    counts: Detail = {
        "feed": delivery.feed,
        "unit": delivery.unit,
        "rows": delivery.rows,
        "accepted": delivery.accepted,
        "set_aside": delivery.refused,
    }
    detail: Detail = {**counts, "received_at": delivery.received_at.isoformat(), "held": bool(delivery.held_reason)}
    record(act="feeds.deliver", about=f"delivery:{delivery.pk}", by=by, at=timezone.now(), detail=detail)
    return None


def _forget(root: Path, delivery: Delivery) -> None:
    """Nothing stays of a delivery that came to nothing."""
    for path in (root / "feeds" / delivery.feed / f"{delivery.pk}.parquet", refused_path(root, delivery.pk), original_path(root, delivery.pk)):
        path.unlink(missing_ok=True)
        path.with_suffix(".partial").unlink(missing_ok=True)
    delivery.delete()


@transaction.atomic
def confirm_delivery(delivery_id: int, *, by: Viewer | str, reason: str = "", at: datetime | None = None) -> Delivery:
    """Its owner's word that a held roll is right. Raises Delivery.DoesNotExist, or ValueError if it is not held."""
    delivery, at = _whole(delivery_id), at or timezone.now()
    said = {"confirmed_at": at, "confirmed_by": name_of(by), "confirmed_reason": reason.strip()}
    waiting = Delivery.objects.filter(pk=delivery_id, confirmed_at__isnull=True, withdrawn_at__isnull=True).exclude(held_reason="")
    if not waiting.update(**said):
        raise ValueError(f"delivery {delivery_id} is not waiting for anybody's word")
    record(act="feeds.confirm", about=f"delivery:{delivery_id}", by=by, at=at, detail={"reason": reason.strip()[:TEXT]})
    delivery.refresh_from_db()
    return delivery


@transaction.atomic
def withdraw_delivery(delivery_id: int, *, by: Viewer | str, reason: str, at: datetime | None = None) -> Delivery:
    """Takes a whole delivery back from that moment on; what was judged before keeps it as known then."""
    delivery, at = _whole(delivery_id), at or timezone.now()
    if not reason.strip():
        raise ValueError("a withdrawal needs its reason: it stands in the record for good")
    said = {"withdrawn_at": at, "withdrawn_by": name_of(by), "withdrawn_reason": reason.strip()}
    if not Delivery.objects.filter(pk=delivery_id, withdrawn_at__isnull=True).update(**said):
        delivery.refresh_from_db()
        raise ValueError(f"delivery {delivery_id} was withdrawn already, on {delivery.withdrawn_at:%Y-%m-%d}")
    record(act="feeds.withdraw", about=f"delivery:{delivery_id}", by=by, at=at, detail={"reason": reason.strip()[:TEXT]})
    delivery.refresh_from_db()
    return delivery


def write_refused_sheet(delivery_id: int, *, root: Path, vault: Vault, out: Path, words: Callable[[str], str] = str) -> int:
    """The rows set aside as a workbook to mend and send again; `words` says a reason as its reader does. Returns their number."""
    return write_sheet(root, refused_number(_whole(delivery_id)), vault, out, receipt=delivery_id, words=words)


def _whole(delivery_id: int) -> Delivery:
    """A delivery that somebody sent. Raises Delivery.DoesNotExist, and for rows of it taken in later ValueError."""
    delivery = Delivery.objects.filter(pk=delivery_id, status="accepted").first()
    if delivery is None:
        raise Delivery.DoesNotExist(f"there is no receipt {delivery_id}")
    if delivery.retry_of_id is not None:
        raise ValueError(f"{delivery_id} are rows of delivery {delivery.retry_of_id} that were taken in later: name that one")
    return delivery
