"""A child on the roll whom the register does not know is set aside, and judged once the register knows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.conf import settings

from anju.apps.feeds import retry as retry_module
from anju.apps.feeds.actions import confirm_delivery, receive_file, withdraw_delivery, write_refused_sheet
from anju.apps.feeds.models import Coverage, Delivery, RejectedRow
from anju.apps.feeds.own import SILENT
from anju.apps.feeds.retry import RetriedDelivery, refused_number, retry_strangers
from anju.apps.findings.actions import judge, sources_for
from anju.apps.people.importing import import_people
from anju.apps.people.models import Identifier
from anju.apps.people.publish import Directory
from anju.apps.people.vault import FileVault, digest, ensure_keys
from anju.apps.places.actions import import_scope_places
from anju.core.standards.meaning.judge import Judge
from anju.core.standards.meaning.snapshot import Snapshot
from anju.core.standards.model import Policy
from anju.core.standards.read import load_policy
from anju.core.terms.identifiers import check_digit
from anju.lake.duck import open_duckdb
from anju.lake.engine import feeds_of, plan_of
from anju.lake.refused import read_refused, refused_path
from anju.lake.snapshot import open_snapshot
from anju.lake.world import read_world

pytestmark = pytest.mark.django_db
DAY = date(2023, 9, 26)
ROLL = "person_id,term,school_code,stage,grade,status"


def moment(day: int, month: int = 10) -> datetime:
    return datetime(2023, month, day, 12, tzinfo=UTC)


def number(nth: int) -> str:
    """A child born in 2013."""
    body = f"52230120130303{nth:03d}"
    return body + check_digit(body)


@dataclass
class Office:
    """The desk of the platform's operator: files come in, people are registered, days are judged."""

    folder: Path
    policy: Policy
    data: Path

    @property
    def lake(self) -> Path:
        return self.data / "lake"

    def register(self, at: datetime, *children: int) -> None:
        households = self.folder / "F01.csv"
        households.write_text("household_code,dest_community_code,move_in_date,status\nH1,C1,2019-01-01,active\n", encoding="utf-8")
        people = self.folder / "F02.csv"
        rows = "\n".join(f"{number(n)},H1,甲,1,true,living_here" for n in children)
        people.write_text(f"person_id,household_code,name,sex,alive,resident_status\n{rows}\n", encoding="utf-8")
        import_people([households, people], by="clerk", at=at, contracts=self.policy.contracts, programme=self.policy.programme)

    def receive(self, name: str, header: str, *rows: str, at: datetime) -> Delivery:
        path = self.folder / name
        path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
        feed, unit = name.split(".")[0].split("_")[:2]
        return receive_file(
            path, feed=feed, policy=self.policy, root=self.lake, directory=Directory("cn_resident_id"), vault=FileVault(), by="clerk",
            at=at, unit=unit if feed != "F10" else None,
        ).delivery  # fmt: skip

    def roll(self, *rows: str, at: datetime | None = None, name: str = "F09_U1.csv") -> Delivery:
        return self.receive(name, ROLL, *rows, at=at or moment(12))

    def retry(self, at: datetime) -> list[RetriedDelivery]:
        return retry_strangers(policy=self.policy, root=self.lake, directory=Directory("cn_resident_id"), vault=FileVault(), by="clerk", at=at)

    def answers(self, known: datetime) -> dict[int, str]:
        """ED-01 of each child as known then, by the run and by the interpreter, who must agree."""
        sources, _, _ = sources_for(self.policy, self.data, DAY, known)
        world = read_world(sources, self.policy, feeds_of(self.policy, plan_of(self.policy, DAY)))
        oracle = Judge(self.policy, world, DAY, known.replace(tzinfo=None))
        run = judge(self.policy, self.data, DAY, known, own=SILENT, by="clerk").run
        names = {0: "not applicable", 1: "met", 2: "unknown"}
        found = {}
        for row in pq.read_table(self.lake / run.folder / "answers_person.parquet", columns=["subject_id", "ED-01"]).to_pylist():
            found[row["subject_id"]] = names.get(row["ED-01"], "breached")
            assert oracle.finding("ED-01", row["subject_id"]).answer == found[row["subject_id"]]
        return {n: found[key] for n in range(9) if (key := person(n)) in found}


def person(nth: int) -> int | None:
    found = Identifier.objects.filter(digest=digest(ensure_keys(), "cn_resident_id", number(nth)))
    return found.values_list("person_id", flat=True).first()


def row(nth: int, grade: object = 4, status: str = "enrolled", term: str = "2023-2024-1") -> str:
    return f"{number(nth)},{term},S1,primary,{grade},{status}"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    policy = load_policy(Path(settings.POLICY))
    places = tmp_path / "places.csv"
    places.write_text("level,code,name,parent_code\nunit,U1,义龙,\nstreet,T1,木贾,U1\ncommunity,C1,新城,T1\n", encoding="utf-8")
    import_scope_places(
        places, by="clerk", at=moment(1), programme_code="P", programme_name="programme", root_level="programme", unit_level="unit"
    )
    office = Office(tmp_path, policy, Path(settings.DATA))
    office.register(moment(1), 1)
    for week in ("2023-W37", "2023-W38"):
        header = "person_id,week,school_code,consecutive_absent_days"
        office.receive(f"F10_S1_{week}.csv", header, f"{number(1)},{week},S1,0", at=moment(2))
    return office


def test_a_child_registered_later_is_judged_from_then_on_and_not_before(office: Office) -> None:
    roll = office.roll(row(1), row(2), *[row(n) for n in range(11, 20)])
    assert (roll.rows, roll.accepted, roll.refused, roll.unknown_people) == (11, 1, 10, 10)
    office.register(moment(14), 1, *range(11, 20))
    assert [done.accepted for done in office.retry(moment(14))] == [9]
    office.register(moment(20), 1, 2)
    before = office.answers(moment(20))
    assert before == {1: "met", 2: "breached"}  # absent from a roll that was delivered
    assert [done.as_dict() for done in office.retry(moment(22))] == [
        {"receipt": roll.pk, "feed": "F09", "tried": 1, "accepted": 1, "duplicates": 0, "set_aside": 0}
    ]
    assert office.answers(moment(22)) == {1: "met", 2: "met"}
    assert office.answers(moment(20)) == before
    roll.refresh_from_db()
    assert (roll.accepted, roll.refused, roll.unknown_people, roll.matched_rate, roll.reasons) == (11, 0, 0, Decimal("1.0000"), {})
    assert not list((office.lake / "refused").glob("*"))


def test_a_retry_covers_nothing_and_leaves_the_main_delivery_in_its_place(office: Office) -> None:
    office.roll(row(1), row(2), row(3))
    covered = list(Coverage.objects.order_by("pk").values())
    office.register(moment(20), 1, 2, 3)
    office.retry(moment(20))
    assert list(Coverage.objects.order_by("pk").values()) == covered
    assert office.answers(moment(21)) == {1: "met", 2: "met", 3: "met"}
    new = office.roll(row(1, status="dropped_out"), row(2), row(3), at=moment(23), name="F09_U1_b.csv")
    assert new.held_reason == ""
    assert office.answers(moment(24)) == {1: "breached", 2: "met", 3: "met"}  # the later roll counts alone


def test_the_published_rate_is_the_one_known_then(office: Office) -> None:
    roll = office.roll(row(1), row(2))
    office.register(moment(20), 1, 2)

    def rate(known: datetime) -> tuple[object, object]:
        sources, _, _ = sources_for(office.policy, office.data, DAY, known)
        by_number = {d["delivery_id"]: d["matched_rate"] for d in pq.read_table(sources.manifest / "delivery.parquet").to_pylist()}
        seen = [m for m in pq.read_table(sources.manifest / "F36.parquet").to_pylist() if m["feed_code"] == "F09"]
        return by_number[roll.pk], seen[0]["rejected_rows"]

    before = rate(moment(19))
    assert before == (Decimal("0.5000"), 1)
    digest = sources_for(office.policy, office.data, DAY, moment(19))[2]
    office.retry(moment(22))
    assert rate(moment(19)) == before
    assert rate(moment(22)) == (Decimal("1.0000"), 0)
    assert sources_for(office.policy, office.data, DAY, moment(19))[2] == digest


def test_a_row_with_another_fault_makes_the_child_unknown(office: Office) -> None:
    roll = office.roll(row(1), row(2, grade="four"), *[row(n) for n in range(11, 20)])
    office.register(moment(14), 1, 2, *range(11, 20))
    assert [(done.tried, done.accepted, done.set_aside) for done in office.retry(moment(14))] == [(10, 9, 1)]
    assert office.answers(moment(15))[2] == "unknown"
    roll.refresh_from_db()
    assert (roll.accepted, roll.refused, roll.unknown_people) == (10, 1, 0)
    assert list(roll.reasons.values()) == [1] and "grade" in next(iter(roll.reasons))
    header, rows = read_refused(office.lake, refused_number(roll), FileVault())
    assert (header, rows.column("line").to_pylist()) == (tuple(ROLL.split(",")), [3])
    assert office.retry(moment(16)) == []  # nobody is waited for any more
    assert write_refused_sheet(roll.pk, root=office.lake, vault=FileVault(), out=office.folder / "sheet.xlsx") == 1


def test_a_household_stays_unknown_while_another_row_of_it_is_set_aside(office: Office) -> None:
    """F32 names a person and a household: the household was known all the time, its people were not."""
    header = "request_id,person_id,household_code,received_on"
    asked = [f"Q{n},{number(n)},H1,2023-09-10" for n in (1, 2, 3)]
    requests = office.receive("F32_U1.csv", header, *asked, at=moment(3))
    home = RejectedRow.objects.get(delivery=requests)
    assert (home.person_id, home.household_id is not None) == (None, True)
    for children, settled_at in (((1, 2), None), ((1, 2, 3), moment(22))):
        office.register(moment(20), *children)
        assert len(office.retry(moment(22))) == 1
        home.refresh_from_db()
        assert home.settled_at == settled_at

    def published(known: datetime) -> int:
        manifest = sources_for(office.policy, office.data, DAY, known)[0].manifest
        return int(pq.read_table(manifest / "rejected.parquet").num_rows)

    assert (published(moment(21)), published(moment(22))) == (1, 0)


def test_the_same_key_in_one_delivery_is_a_conflict_also_later(office: Office) -> None:
    roll = office.roll(row(1), row(2, grade=4), row(2, grade=5), row(3), row(3))
    office.register(moment(20), 1, 2, 3)
    assert [(done.tried, done.accepted, done.duplicates, done.set_aside) for done in office.retry(moment(20))] == [(4, 1, 1, 2)]
    roll.refresh_from_db()
    assert roll.rows == roll.accepted + roll.refused + roll.duplicates + roll.skipped == 5
    assert roll.reasons == {"person_id, term, school_code: the same key stands here twice with different content": 2}


def test_two_numbers_of_one_person_are_a_conflict_within_a_delivery(office: Office) -> None:
    roll = office.roll(row(1, grade=4), row(2, grade=5))
    known = Identifier.objects.get()
    office.register(moment(14), 1, 2)
    Identifier.objects.filter(person_id=person(2)).update(person_id=known.person_id)
    assert [(done.accepted, done.set_aside) for done in office.retry(moment(15))] == [(0, 1)]
    roll.refresh_from_db()
    assert "was taken in from this file before" in next(iter(roll.reasons))


def test_a_row_taken_in_later_does_not_undo_a_correction_that_came_before(office: Office) -> None:
    """The request first named somebody unknown, then the right person; later the unknown one is registered after all."""
    header = "request_id,person_id,household_code,received_on,satisfaction"
    office.receive("F32_U1.csv", header, f"Q1,{number(2)},H1,2023-09-10,1", f"Q2,{number(1)},H1,2023-09-10,3", at=moment(3))
    office.receive("F32_U1_b.csv", header, f"Q1,{number(1)},H1,2023-09-10,5", at=moment(4))
    office.register(moment(20), 1, 2)
    assert [done.accepted for done in office.retry(moment(20))] == [1]
    known = moment(21)
    sources, _, _ = sources_for(office.policy, office.data, DAY, known)
    con = open_duckdb()
    open_snapshot(con, sources, office.policy, DAY, known.replace(tzinfo=None), ["F32"], ["person"])
    seen = con.execute("SELECT request_id, satisfaction FROM s_F32 ORDER BY 1").fetchall()
    world = Snapshot(office.policy, read_world(sources, office.policy, ["F32"]), DAY, known.replace(tzinfo=None))
    assert seen == sorted((r["request_id"], r["satisfaction"]) for r in world.rows("F32")) == [("Q1", 5), ("Q2", 3)]


def test_withdrawn_and_held_deliveries_take_their_later_rows_with_them(office: Office) -> None:
    roll = office.roll(row(1), row(2), row(3))
    office.register(moment(20), 1, 2, 3)
    office.retry(moment(20))
    extra = Delivery.objects.get(retry_of=roll)
    with pytest.raises(ValueError, match="name that one"):
        withdraw_delivery(extra.pk, by="clerk", reason="no")
    with pytest.raises(ValueError, match="name that one"):
        confirm_delivery(extra.pk, by="clerk")
    withdraw_delivery(roll.pk, by="clerk", reason="wrong term", at=moment(24))
    assert office.answers(moment(23)) == {1: "met", 2: "met", 3: "met"}
    assert office.answers(moment(25)) == {1: "unknown", 2: "unknown", 3: "unknown"}


def test_the_same_file_again_is_still_known(office: Office) -> None:
    roll = office.roll(row(1), row(2))
    office.register(moment(20), 1, 2)
    office.retry(moment(20))
    assert office.roll(row(1), row(2), at=moment(23)).pk == roll.pk


def test_killed_in_the_middle_nothing_is_half_done(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    roll = office.roll(row(1), row(2))
    before = (Delivery.objects.get(pk=roll.pk).__dict__ | {"_state": None}, refused_path(office.lake, roll.pk).read_bytes())
    office.register(moment(20), 1, 2)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(retry_module, "_settle", killed)
        with pytest.raises(KeyboardInterrupt):
            office.retry(moment(21))
    assert (Delivery.objects.get(pk=roll.pk).__dict__ | {"_state": None}, refused_path(office.lake, roll.pk).read_bytes()) == before
    assert Delivery.objects.filter(retry_of__isnull=False).count() == 0
    assert [done.accepted for done in office.retry(moment(22))] == [1]


def test_two_retries_at_once_take_a_row_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    roll = office.roll(row(1), row(2))
    office.register(moment(20), 1, 2)
    taken = retry_module.Retry.take

    def overtaken(self: retry_module.Retry, delivery_id: int) -> retry_module.Retried:
        monkeypatch.setattr(retry_module.Retry, "take", taken)
        office.retry(moment(21))
        return self.take(delivery_id)

    monkeypatch.setattr(retry_module.Retry, "take", overtaken)
    with pytest.raises(RuntimeError, match="somebody else"):
        office.retry(moment(21))
    roll.refresh_from_db()
    assert (roll.accepted, roll.refused, Delivery.objects.filter(retry_of=roll).count()) == (2, 0, 1)
