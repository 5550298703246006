"""Two settlements of one unit and one of another, judged twice: what the pages of leadership and policy are tried on."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from django.test import Client

from anju.apps.feeds.models import Coverage, Delivery
from anju.apps.findings.models import Attainment, FamilyCount, Run
from anju.apps.people.models import Household, Membership, Person
from anju.apps.places.models import Place
from anju.apps.staff.actions import give_post, open_account
from anju.apps.staff.models import Account, Post
from anju.core.standards.compile.answers import BREACHED, MET, NOT_APPLICABLE, UNKNOWN
from anju.lake.families import DOES_NOT_APPLY, IN_PLACE, NOT_IN_PLACE, NOT_KNOWN

AT = datetime(2023, 1, 1, tzinfo=UTC)
TREE = (("P", "", "programme"), ("U1", "P", "unit"), ("U2", "P", "unit"), ("S1", "U1", "street"), ("S2", "U2", "street"),
        ("C1", "S1", "community"), ("C2", "S1", "community"), ("C3", "S2", "community"), ("O1", "P", "unit"))  # fmt: skip
CAST = {
    "bureau": ("prefecture_bureau", "P", Post.DESTINATION, ""), "county": ("county_bureau", "U1", Post.DESTINATION, ""),
    "secretary": ("first_secretary", "C1", Post.DESTINATION, ""), "neighbour": ("first_secretary", "C2", Post.DESTINATION, ""),
    "worker": ("grid_worker", "C1", Post.DESTINATION, ""), "clerk": ("county_department", "U1", Post.DESTINATION, "education"),
    "leader": ("leader", "P", Post.DESTINATION, ""), "origin": ("county_bureau", "O1", Post.ORIGIN, ""),
    "steward": ("data_steward", "P", Post.DESTINATION, ""), "auditor": ("auditor", "P", Post.DESTINATION, ""),
}  # fmt: skip
STATES = ("in_place", "in_place", "put_right", "not_known")  # of the families of a settlement, in turn
FAMILIES = {"C1": 120, "C2": 7, "C3": 5}
EDUCATION = {"in_place": MET, "put_right": BREACHED, "not_known": UNKNOWN}
LIGHT = {"in_place": IN_PLACE, "put_right": NOT_IN_PLACE, "not_known": NOT_KNOWN}
WORD = {MET: "met", BREACHED: "breached", UNKNOWN: "unknown", NOT_APPLICABLE: "not_applicable"}


def build(data: Path) -> dict[str, Place]:
    place: dict[str, Place] = {}
    for n, (code, above, level) in enumerate(TREE, start=1):
        parent = place.get(above)
        path = f"{parent.path if parent else '/'}{n}/"
        place[code] = Place.objects.create(id=n, tree="scope", level=level, code=code, name=f"place {code}", parent=parent, path=path)
    for name, (role, code, side, department) in CAST.items():
        account = open_account(username=name, display_name=name, password="a long pass-phrase", by="test", at=AT)
        give_post(account=account, role=role, place=place[code], side=side, department=department, by="test", at=AT)
    Account.objects.update(must_change_password=False)
    rows = _families(place)
    _judge(data, place, rows, Run(day=date(2023, 8, 31), policy_digest="old"), in_force=False)
    _judge(data, place, rows, Run(day=date(2023, 9, 26), policy_digest="new", current=True), in_force=True)
    return place


def _families(place: dict[str, Place]) -> list[tuple[int, Place, str]]:
    """(household, settlement, state); each has one person of the same number."""
    found, dated = [], {"valid_from": AT.date(), "known_from": AT}
    homes, people, members = [], [], []
    for code, n in FAMILIES.items():
        for nth in range(n):
            key = len(found) + 1
            found.append((key, place[code], STATES[nth % len(STATES)]))
            homes.append(
                Household(id=key, household_code=f"H{key:04d}", place=place[code], building_no="3", unit_no="2", room_no=str(key), **dated)
            )
            people.append(Person(id=key, name="韦秀英", initials="wxy", birth_date=date(2013, 1, 1), **dated))
            members.append(Membership(id=key, person_id=key, household_id=key, start=date(2019, 1, 1), known_from=AT))
    Household.objects.bulk_create(homes)
    Person.objects.bulk_create(people)
    Membership.objects.bulk_create(members)
    return found


def _judge(data: Path, place: dict[str, Place], rows: list[tuple[int, Place, str]], run: Run, *, in_force: bool) -> None:
    """A run as it is written: files of answers, and counts of every place and what lies below. The first found nothing amiss."""
    run.known_at = run.started_at = run.finished_at = datetime.combine(run.day, datetime.min.time(), UTC) + timedelta(hours=18)
    run.counts = {"MW-01": {"met": 8, "breached": 1}}
    run.save()
    run.folder = f"runs/{run.pk}"
    run.save()
    states = [(key, at, state if in_force else "in_place") for key, at, state in rows]
    for at in place.values():
        below = [state for _, home, state in states if home.path.startswith(at.path)]
        if below:
            n = Counter(below)
            lights = {f"education:{word}": n[state] for state, word in (("in_place", "on"), ("put_right", "out"), ("not_known", "not_known"))}
            FamilyCount.objects.create(run=run, place_id=at.pk, lights=lights, **n)
            Attainment.objects.create(run=run, standard="ED-01", place_id=at.pk, **{WORD[EDUCATION[state]]: count for state, count in n.items()})
            Attainment.objects.create(run=run, standard="MH-02", place_id=at.pk, breached=len(below))
    folder = data / "lake" / "runs" / str(run.pk)
    folder.mkdir(parents=True)
    lights = {f"light:{name}": DOES_NOT_APPLY for name in ("medical", "housing", "water")}
    families = [
        {"household_id": key, "place_id": at.pk, "path": at.path, "state": state, "breached": int(state == "put_right"),
         "unknown": int(state == "not_known"), "worst": 0, "light:education": LIGHT[state], **lights}
        for key, at, state in sorted(states, key=lambda row: (row[1].path, row[0]))
    ]  # fmt: skip
    answers = [
        {"subject_id": row["household_id"], "subject_key": None, "household_id": row["household_id"], "place_id": row["place_id"],
         "path": row["path"], "ED-01": EDUCATION[str(row["state"])], "ED-01:clears": None}
        for row in families
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(families), folder / "families.parquet")
    pq.write_table(pa.Table.from_pylist(answers), folder / "answers_person.parquet")
    pq.write_table(
        pa.Table.from_pylist([{**row, "MH-02": BREACHED, "MH-02:clears": None} for row in answers]), folder / "answers_household.parquet"
    )


def deliver(feed: str, unit: str, received: date, *periods: int, **more: object) -> Delivery:
    """A monthly file that came on a day."""
    at = datetime.combine(received, datetime.min.time(), UTC) + timedelta(hours=12)
    fields = {"rows": 100, "accepted": 98, "refused": 2, "matched_rate": "0.9900", "status": "accepted", **more}
    delivery = Delivery.objects.create(
        feed=feed, unit=unit, file_name="f.csv", sha256=f"{feed}{unit}{received}", received_at=at, valid=received, recorded_by="test", **fields
    )
    for period in periods or (None,):
        Coverage.objects.create(delivery=delivery, unit=unit or "all", period=period, rows=98)
    return delivery


def as_(name: str) -> Client:
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(Account.objects.get(username=name), backend="anju.apps.staff.signed_in.Backend")
    return client
