"""Every write about reports: received with a receipt number, taken up as a case, declined by two."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import IntegrityError, transaction
from django.db.models import F, Model, Q, QuerySet
from django.utils import timezone

from anju.apps.discovery.models import Receipts, Report
from anju.apps.discovery.queries import reports_in_scope
from anju.apps.discovery.states import CHANNELS, DECLINED, DECLINING, MOVES, RECEIVED, TAKEN_UP
from anju.apps.journal.actions import record
from anju.apps.people.models import Household
from anju.apps.people.search import ADDRESS, within
from anju.apps.people.vault import Sealer, ensure_keys, masked_phone
from anju.apps.places.models import Place
from anju.core.standards.model import Title
from anju.core.terms.identifiers import VALIDATORS
from anju.core.terms.viewer import Viewer

M = TypeVar("M", bound=Model)
PHONE = "cn_phone"
WORDS, TEXT = 2_000, 400
BATCH = 1_000
GRAVER = ("instruction", "transfer")  # channels of posts that assign cases


class Refused(ValueError):
    """What cannot be done, why, and what to do instead; in both languages. `field`: which field of the form it is about, if one."""

    def __init__(self, en: str, zh: str, field: str = "") -> None:
        super().__init__(en)
        self.title, self.field = Title(en, zh), field


@dataclass(frozen=True, slots=True)
class Declarer:
    """Who told of it, as far as they wish to be known."""

    name: str = ""
    phone: str = ""
    anonymous: bool = False


@transaction.atomic
def report_trouble(
    *, channel: str, words: str, prefix: str, client_key: str | None = None, household_id: int | None = None, place_id: int | None = None,
    address: str = "", standard: str = "", owner: str = "", declarer: Declarer | None = None, about: str = "", by: Viewer, at: datetime,
) -> Report:  # fmt: skip
    """Receives a report and gives it a receipt number; `prefix` is what the programme's numbers begin with.

    About a family (`household_id`, within the scope), a place, or an `address` ('3-2-501') below the reporter's post: the address is
    matched here, and the reporter is not told whether there is such a family. The same `client_key` of the same reporter twice is one."""
    if not by.can("trouble.report"):
        raise Refused("your post does not report trouble", "您的岗位不上报线索")
    _check(channel, words, standard, address, by)
    if client_key is not None and (before := Report.objects.filter(client_key=client_key, reported_account=by.account).first()) is not None:
        return before
    home, place = _subject(household_id, place_id, address, by)
    told = declarer or Declarer()
    sealed, masked = _sealed(told)
    report = Report(
        channel=channel, household_id=home.pk if home is not None else None, place=place, path=place.path,
        origin_path=home.origin_place.path if home is not None and home.origin_place is not None else None,
        address=" ".join(address.split()), standard=standard, owner=owner, words=words.strip(), anonymous=told.anonymous,
        declarer="" if told.anonymous else told.name.strip()[:100], phone=sealed, phone_masked=masked, about=about, received_at=at,
        reported_by=by.name, reported_account=by.account, reported_role=by.role, client_key=client_key,
    )  # fmt: skip
    try:
        with transaction.atomic():
            report.receipt = _next_receipt(prefix, timezone.localdate(at).year)
            report.save()
            record(act="trouble.report", about=f"report:{report.receipt}", by=by, at=at, detail={"channel": channel, "standard": standard})
    except IntegrityError:
        twin = Report.objects.filter(client_key=client_key, reported_account=by.account).first() if client_key is not None else None
        if twin is None:
            raise
        return twin
    return report


def _check(channel: str, words: str, standard: str, address: str, by: Viewer) -> None:
    if channel not in CHANNELS:
        raise Refused(f"'{channel}' is no channel: one of {', '.join(CHANNELS)}", f"“{channel}”不是线索来源", "channel")
    if channel in GRAVER and not (by.can("cases.assign") or by.can("cases.instruct")):
        raise Refused("an instruction or a transfer comes from a post that assigns cases", "批示和移交由有交办权限的岗位登记", "channel")
    if not 4 <= len(words.strip()) <= WORDS:
        raise Refused("say in 4 to 2000 characters what is wrong", "请用 4 至 2000 字说明情况", "words")
    if re.search(r"\d(?:[\s-]?[\dxX]){14,}", words):
        raise Refused("leave the identity number out: the address is enough", "请勿填写身份证号，写明住址即可", "words")
    if len(standard) > 8 or len(address) > 100:
        raise Refused("the address has at most 100 characters", "住址不超过 100 字", "address")


def _subject(household_id: int | None, place_id: int | None, address: str, by: Viewer) -> tuple[Household | None, Place]:
    """The family meant, if one is found, and where it is; a family outside the scope is answered like one that does not exist."""
    if household_id is not None:
        home = Household.objects.filter(within(by), pk=household_id).select_related("place", "origin_place").first()
        if home is None or not by.can("household.see"):
            raise Refused("there is no such family for you", "没有这户：不存在，或不在您的岗位范围内", "household")
        return home, home.place
    scopes = by.scopes or by.origins
    chosen = Place.objects.filter(tree="scope", pk=place_id).first() if place_id is not None else None
    if place_id is not None and (chosen is None or not by.sees_path(chosen.path)):
        raise Refused("there is no such place for you", "没有这个地点：不存在，或不在您的岗位范围内", "place")
    own = chosen or Place.objects.filter(tree="scope", path__in=scopes).order_by("path").first()
    if own is None:
        raise Refused("your post has no place: ask your administrator", "您的岗位没有对应的地点，请联系管理员")
    home = _living_at(address, own)
    return home, home.place if home is not None else own


def _living_at(address: str, below: Place) -> Household | None:
    """The one family at this address below a place; None where there is none, or more than one."""
    parsed = ADDRESS.fullmatch(" ".join(address.split()))
    if parsed is None:
        return None
    building, unit, room = parsed.groups()
    end = below.path[:-1] + chr(ord("/") + 1)
    homes = Household.objects.filter(
        Q(place__path__gte=below.path, place__path__lt=end), building_no=building, unit_no=unit, room_no=room
    ).select_related("place", "origin_place")[:2]
    found = list(homes)
    return found[0] if len(found) == 1 else None


def _sealed(told: Declarer) -> tuple[bytes | None, str]:
    if not told.phone.strip() or told.anonymous:
        return None, ""
    try:
        normal = VALIDATORS[PHONE](told.phone)
    except ValueError as fault:
        raise Refused(f"that is no telephone number: {fault}", "电话号码有误", "phone") from None
    return Sealer(ensure_keys()).seal(normal), masked_phone(normal)


def _next_receipt(prefix: str, year: int) -> str:
    """'QXN-2023-000123'. The row is moved within the transaction: others wait for it, and a transaction that fails gives its number back."""
    if not Receipts.objects.filter(prefix=prefix, year=year).update(last=F("last") + 1):
        Receipts.objects.bulk_create([Receipts(prefix=prefix, year=year)], ignore_conflicts=True)
        Receipts.objects.filter(prefix=prefix, year=year).update(last=F("last") + 1)
    last = Receipts.objects.values_list("last", flat=True).get(prefix=prefix, year=year)
    return f"{prefix}-{year}-{last:06d}"


# --- what becomes of it --------------------------------------------------------------------------------------------------


@transaction.atomic
def take_up(*, receipt: str, taken_up_as: str, by: Viewer | str, at: datetime, version: int | None = None) -> Report:
    """Somebody has it now: `taken_up_as` 'case:12'. Of two at once the first wins, and the other is told who."""
    report = _reached(receipt, by, "cases.assign")
    if report.state == TAKEN_UP and report.taken_up_as == taken_up_as:
        return report
    name = by.name if isinstance(by, Viewer) else by
    _move(report, TAKEN_UP, version, taken_up_as=taken_up_as, taken_up_by=name, taken_up_at=at)
    record(act="trouble.take_up", about=f"report:{receipt}", by=by, at=at, detail={"as": taken_up_as})
    return report


@transaction.atomic
def decline(*, receipt: str, reason: str, by: Viewer, at: datetime, version: int | None = None) -> Report:
    """Proposes that nothing is to be done; a second person must agree (`agree_to_decline`)."""
    report, words = _reached(receipt, by, "cases.judge"), " ".join(reason.split())
    if not 4 <= len(words) <= TEXT:
        raise Refused("say why, in 4 to 400 characters: the family is told", "请说明理由（4 至 400 字），将告知申报人", "reason")
    _move(report, DECLINING, version, decline_reason=words, declined_by=by.name, declined_account=by.account)
    record(act="trouble.decline", about=f"report:{receipt}", by=by, at=at, detail={"reason": words[:200]})
    return report


@transaction.atomic
def agree_to_decline(*, receipt: str, agree: bool, by: Viewer, at: datetime, version: int | None = None) -> Report:
    """The second person's word: agreed, it is declined; else it waits to be taken up again."""
    report = _reached(receipt, by, "cases.judge")
    if report.state == DECLINING and report.declined_account == by.account:
        raise Refused("a second person must agree: you declined it yourself", "须由第二人确认：该线索由您提出不予受理")
    if agree:
        _move(report, DECLINED, version, agreed_by=by.name, declined_at=at)
    else:
        _move(report, RECEIVED, version, decline_reason="", declined_by="", declined_account=None)
    record(act="trouble.agree", about=f"report:{receipt}", by=by, at=at, detail={"agreed": agree})
    return report


def _reached(receipt: str, by: Viewer | str, act: str) -> Report:
    found = reports_in_scope(by) if isinstance(by, Viewer) else Report.objects.all()
    report = found.filter(receipt=receipt).first()
    if report is None or (isinstance(by, Viewer) and not by.can(act)):
        raise Refused("there is no such report for you", "没有这条线索：不存在，或不在您的岗位范围内")
    return report


def _move(report: Report, state: str, version: int | None, **more: object) -> None:
    """Compare-and-set on the version that was shown."""
    if state in MOVES[report.state]:
        seen = report.version if version is None else version
        moved = Report.objects.filter(pk=report.pk, version=seen, state=report.state).update(state=state, version=F("version") + 1, **more)
        if moved:
            report.refresh_from_db()
            return
    report.refresh_from_db()
    who = report.taken_up_by or report.agreed_by or report.declined_by or report.reported_by
    said = {TAKEN_UP: ("was taken up", "已受理"), DECLINED: ("was declined", "已不予受理"), DECLINING: ("is being declined", "正在提出不予受理"),
            RECEIVED: ("is not being declined", "未提出不予受理")}[report.state]  # fmt: skip
    raise Refused(f"{report.receipt} {said[0]} by {who} meanwhile: look at it again", f"{report.receipt} {said[1]}（{who}），请先查看")


# --- the hotline ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Request:
    """A row of the hotline's feed (F32), its family or community as our own keys."""

    request_id: str
    category: str
    household_id: int | None
    place_id: int | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class TakenOver:
    """`nowhere`: such as name neither a family nor a place of ours."""

    new: int
    known: int
    nowhere: int


@transaction.atomic
def take_over_requests(
    *, requests: Iterable[Request], prefix: str, categories: Mapping[str, str], owners: Mapping[str, str],
    departments: Mapping[str, str] | None = None, by: Viewer | str, at: datetime,
) -> TakenOver:  # fmt: skip
    """Reports made of a hotline's rows that are not reports yet; set-wise, and twice is once. `categories`: category -> standard,
    `owners`: standard -> department, `departments`: category -> department where no standard says it. Who names no family but a place
    of ours is of that place; who names neither is left out and counted."""
    wanted = {request.request_id: request for request in requests}
    known: set[str] = set()
    for start in range(0, len(wanted), BATCH):
        ids = list(wanted)[start : start + BATCH]
        known |= set(Report.objects.filter(request_id__in=ids).values_list("request_id", flat=True))  # type: ignore[arg-type]
    fresh = sorted((r for key, r in wanted.items() if key not in known), key=lambda r: (r.received_at, r.request_id))
    homes = _in_bulk(Household.objects.select_related("place", "origin_place"), {r.household_id for r in fresh})
    places = _in_bulk(Place.objects.filter(tree="scope"), {r.place_id for r in fresh})
    rows = []
    for request in fresh:
        home, place = homes.get(request.household_id), places.get(request.place_id)
        where = home.place if home is not None else place
        if where is not None:
            standard = categories.get(request.category, "")
            origin = home.origin_place.path if home is not None and home.origin_place is not None else None
            rows.append(Report(
                channel="hotline", household_id=home.pk if home is not None else None, place=where, path=where.path, origin_path=origin,
                standard=standard, owner=owners.get(standard, "") or (departments or {}).get(request.category, ""),
                words=request.category or "-", received_at=request.received_at,
                reported_by=by.name if isinstance(by, Viewer) else by, request_id=request.request_id,
            ))  # fmt: skip
    for year in sorted({timezone.localdate(row.received_at).year for row in rows}):
        own = [row for row in rows if timezone.localdate(row.received_at).year == year]
        first = _many_receipts(prefix, year, len(own))
        for n, row in enumerate(own):
            row.receipt = f"{prefix}-{year}-{first + n:06d}"
    Report.objects.bulk_create(rows, BATCH)
    if rows:
        record(act="trouble.hotline", about=f"reports:{len(rows)}", by=by, at=at, detail={"reports": len(rows)})
    return TakenOver(len(rows), len(known), len(fresh) - len(rows))


def _in_bulk(rows: QuerySet[M], keys: set[int | None]) -> dict[int | None, M]:
    found: dict[int | None, M] = {}
    wanted = sorted(key for key in keys if key is not None)
    for start in range(0, len(wanted), BATCH):
        found |= rows.in_bulk(wanted[start : start + BATCH])
    return found


def _many_receipts(prefix: str, year: int, n: int) -> int:
    """The first of `n` numbers in a row."""
    _next_receipt(prefix, year)
    Receipts.objects.filter(prefix=prefix, year=year).update(last=F("last") + n - 1)
    return Receipts.objects.values_list("last", flat=True).get(prefix=prefix, year=year) - n + 1
