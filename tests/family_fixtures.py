"""A family in trouble, judged by the real engine, with its alerts, its past and a post for every kind of reader."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from anju.apps.alerts.models import Episode, EpisodeEvent, Hold
from anju.apps.findings import current
from anju.apps.findings.actions import write_difference
from anju.apps.findings.models import Run
from anju.apps.people.models import Household, Membership, Person, PersonVersion
from anju.apps.places.models import Place
from anju.apps.staff.actions import give_post, open_account
from anju.apps.staff.models import Account, Post
from anju.core.standards.case_world import build_world
from anju.core.standards.model import Policy
from anju.lake.engine import run as run_engine
from oracle.writer import write_world

AT = datetime(2021, 9, 1, tzinfo=UTC)
DAY = date(2023, 9, 26)
CAST = {
    "worker": ("grid_worker", "C1", Post.DESTINATION, ""), "cadre": ("cadre", "C1", Post.DESTINATION, ""),
    "neighbour": ("grid_worker", "C2", Post.DESTINATION, ""), "secretary": ("first_secretary", "C1", Post.DESTINATION, ""),
    "inspector": ("county_bureau", "U1", Post.DESTINATION, ""), "origin": ("county_bureau", "U2", Post.ORIGIN, ""),
    "teacher": ("county_department", "U1", Post.DESTINATION, "education"),
    "doctor": ("county_department", "U1", Post.DESTINATION, "medical_security"),
}  # fmt: skip
QUARTERS = [{"month": f"{year}-{month}", "wage_income": 20000, "business_income": 0, "property_income": 0, "transfer_income": 0,
             "rigid_expense": 0, "per_capita_net": net, "per_capita_net_prev": 9000}
            for year, month, net in ((2022, "12", 8000), (2023, "03", 7000), (2023, "06", 5000))]  # fmt: skip
TROUBLE: dict[str, Any] = {
    "person": {"birth_date": date(1980, 1, 1), "health_status": "severe", "labour_capacity": "weak"},
    "F14": [{"visit_type": "inpatient", "settled_on": date(2023, 3, 10), "self_paid": 68500}],
    "F26": QUARTERS,
    "F04": [{"unit_code": "D1", "area_m2": 85, "occupancy_status": "occupied", "old_house_demolished": True}],
}
STANDARDS = ("MH-02", "MW-02")


def judge_family(rules: Policy, data: Path, said: dict[str, Any]) -> Run:
    """One run over a household of one person in C1, its files where a deployment has them."""
    lake = data / "lake"
    world = build_world(rules, {"as_of": DAY, "places": [{"code": "C2", "level": "community", "under": "U1"}], **said})
    sources = write_world(world, rules, lake)
    run = Run.objects.create(
        day=DAY, known_at=datetime.combine(DAY, time(23), UTC), policy_digest=rules.digest, registry_digest="", manifest_digest="",
        folder="", started_at=timezone.now(), started_by="test",
    )  # fmt: skip
    Run.objects.filter(pk=run.pk).update(folder=f"runs/{run.pk}")
    run.refresh_from_db()
    result = run_engine(rules, sources, DAY, datetime.combine(DAY, time(23, 59)), lake / "runs" / str(run.pk), standards=STANDARDS)
    return write_difference(run, result).run


@pytest.fixture
def family(places: None, rules: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Household:
    monkeypatch.setattr(settings, "DATA", tmp_path / "deployment")
    monkeypatch.setitem(current._kept, "run", None)
    for name, (role, code, side, department) in CAST.items():
        account = open_account(username=name, display_name=name, password=None, by="test", at=AT)
        give_post(account=account, role=role, place=Place.objects.get(code=code), side=side, department=department, by="test", at=AT)
    said: dict[str, Any] = {"valid_from": AT.date(), "known_from": AT}
    home = Household.objects.create(
        id=1, household_code="H0001", place_id=3, origin_place_id=5, move_in_date=date(2018, 6, 1), room_no="501", **said
    )
    person = Person.objects.create(
        id=1, name="韦秀英", relation_to_head="01", birth_date=date(1980, 1, 1), health_status="severe", resident_status="living_here",
        valid_from=date(2022, 5, 1), known_from=AT,
    )  # fmt: skip
    PersonVersion.objects.create(
        id=1, person=person, name="韦秀英", relation_to_head="01", health_status="healthy", resident_status="out_working", **said
    )
    Membership.objects.create(id=1, person=person, household=home, start=date(2018, 6, 1), known_from=AT)
    run = judge_family(rules, tmp_path / "deployment", TROUBLE)
    for key, (code, owner, breach) in enumerate(
        (("MH-02", "medical_security", "crushing"), ("MW-02", "rural_revitalization", "below")), start=1
    ):
        subject = rules.standards[code].subject
        episode = Episode.objects.create(
            id=key, standard=code, subject=subject, subject_id=1, household_id=1, place_id=3, path="/1/2/3/", origin_path="/1/5/",
            level="red", rank=4, breach=breach, opened_on=DAY, opened_run=run.pk, seen_on=DAY, seen_run=run.pk, owner=owner, cluster="H1",
            lead=True, owner_lead=True, queue="taken", due_verify=date(2023, 9, 29), acknowledged_by="罗春燕",
        )  # fmt: skip
        EpisodeEvent.objects.create(episode=episode, what="opened", day=DAY, at=timezone.now(), run_id=run.pk)
        EpisodeEvent.objects.create(episode=episode, what="dispatched", day=DAY, at=timezone.now())
        EpisodeEvent.objects.create(
            episode=episode, what="acknowledged", day=DAY, at=timezone.now(), who="罗春燕", reason=f"hospital paper {key}"
        )
    return home


def hold(episode: int) -> None:
    """An alert that waits as a baseline: it has not happened yet."""
    made = Hold.objects.create(kind=Hold.BASELINE, standard="MW-02", owner="rural_revitalization", run_id=1, day=DAY)
    Episode.objects.filter(pk=episode).update(hold=made, queue="held")


def as_(name: str, lang: str = "en") -> Client:
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(Account.objects.get(username=name), backend="anju.apps.staff.signed_in.Backend")
    client.cookies["django_language"] = "zh-hans" if lang == "zh" else "en"
    return client


def page(name: str, lang: str = "en", address: str = "/households/1/") -> str:
    answer = as_(name, lang).get(address)
    assert answer.status_code == 200, f"{name} {address}: {answer.status_code}"
    return str(answer.content.decode())
