"""Trouble that people of the sample tell of where no data could: families themselves, neighbours, building heads, the hotline. Each gets its
receipt; the community takes it up as a case, or declines it with a second person's word."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import numpy as np
from django.conf import settings
from django.db import transaction

from anju.apps.cases.models import Case
from anju.apps.cases.refusing import Refused as CaseRefused
from anju.apps.cases.steps.opening import open_told
from anju.apps.discovery.actions import Declarer, Refused, agree_to_decline, decline, report_trouble, take_up
from anju.apps.discovery.channels import load_channels
from anju.apps.discovery.models import Report
from anju.apps.discovery.states import DECLINING, RECEIVED
from anju.apps.findings.current import policy
from anju.apps.people.models import Household
from anju.sample.hands import Living, must
from anju.sample.plan import hash_of

EVERY, DECLINED = 5, 6  # on one day in so many somebody tells of something; one in so many is declined
TOLD = (
    ("declared", "grid_worker", "家中老人独居，水管渗漏，请帮忙联系维修"),
    ("assisted", "cadre", "代申报：孩子跟爷爷奶奶生活，放学后无人照看"),
    ("hotline", "street", "来电反映：楼道照明损坏，夜间出行不便"),
    ("lead", "grid_worker", "楼栋长反映：该户近一个月少见人进出，请上门看看"),
    ("declared", "cadre", "务工结束返乡，暂时没有找到工作，希望推荐岗位"),
    ("visit", "grid_worker", "走访时发现：家中电器老化，存在用电隐患"),
)


def hear(living: Living) -> list[Case]:
    """A working day's reports, and what becomes of earlier ones. Answers the cases that came of them."""
    _tell(living)
    found = []
    until = datetime.combine(living.day - timedelta(days=1), time(23), UTC)
    for report in Report.objects.filter(state__in=[RECEIVED, DECLINING], client_key__startswith="sample:told:", received_at__lte=until):
        try:
            with transaction.atomic():
                case = _decide(living, report)
        except (Refused, CaseRefused) as refusal:
            living.told.append(f"report {report.receipt}: {refusal}")
            continue
        found += [case] if case is not None else []
    return found


def _tell(living: Living) -> None:
    chance = hash_of(f"told:{living.day}")
    key = f"sample:told:{living.day}"
    if chance % EVERY or Report.objects.filter(client_key=key).exists():
        return
    home = _somebody(chance)
    if home is None:
        return
    channel, role, words = TOLD[chance // EVERY % len(TOLD)]
    by = must(living.staff.who(role, home.place.path) or living.staff.who("county_bureau", home.place.path), "tell of it")
    report_trouble(
        channel=channel, words=words, prefix=load_channels(settings.POLICY, policy()).receipt, client_key=key, household_id=home.pk,
        declarer=Declarer(anonymous=channel in ("hotline", "lead")), by=by, at=living.at,
    )  # fmt: skip


def _somebody(chance: int) -> Household | None:
    """A neighbour of a family that has a case, with none of its own: where people work on cases, they also hear."""
    rng = np.random.default_rng(chance)
    paths = list(Case.objects.exclude(household_id=None).order_by("path").values_list("path", flat=True).distinct())
    if not paths:
        return None
    near = Household.objects.select_related("place").filter(place__path=paths[int(rng.integers(len(paths)))])
    homes = list(near.exclude(pk__in=Case.objects.exclude(household_id=None).values("household_id")).order_by("pk")[:50])
    return homes[int(rng.integers(len(homes)))] if homes else None


def _decide(living: Living, report: Report) -> Case | None:
    street = must(living.staff.who("street", report.path) or living.staff.who("county_bureau", report.path), "agree")
    if report.state == DECLINING:
        agree_to_decline(receipt=report.receipt, agree=True, by=street, at=living.at)
        return None
    lead = must(living.staff.who("first_secretary", report.path) or living.staff.who("county_bureau", report.path, "", 1), "take it up")
    if not hash_of(report.receipt) % DECLINED:
        decline(receipt=report.receipt, reason="已由物业当场解决，住户确认无其他困难", by=lead, at=living.at)
        return None
    case = open_told(
        household_id=report.household_id, place_id=None, path=report.path, origin_path=report.origin_path, standard=report.standard,
        owner=report.owner or "community", level="yellow", channel=report.channel, receipt=report.receipt, words=report.words, by=lead,
        at=living.at,
    )  # fmt: skip
    take_up(receipt=report.receipt, taken_up_as=f"case:{case.pk}", by=lead, at=living.at)
    return case
