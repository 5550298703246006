"""What the platform itself knows goes back into the lake: a run, an explanation and a household judged alone read it alike."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anju.apps.cases import own_feeds as gathered
from anju.apps.cases.own_feeds import own_feeds
from anju.apps.feeds.own import SILENT, NoSuchColumn, own_feeds_of, own_table
from anju.apps.findings.actions import sources_for
from anju.apps.findings.explaining import explain_of_day, explain_of_run
from anju.apps.findings.models import Finding, Run
from anju.core.standards.meaning.judge import Judge
from anju.lake.dossier import Dossier
from anju.lake.rows import Sources
from anju.lake.world import read_world
from town_fixtures import DAY, NOW, Town

pytestmark = pytest.mark.django_db


def alone(town: Town, run: Run) -> Judge:
    lake = town.data / "lake"
    sources = Sources(lake, lake / "manifest" / run.manifest_digest, lake / "registry" / run.registry_digest, lake / "resolved")
    dossier = Dossier(sources, town.policy, DAY, NOW.replace(tzinfo=None), work=lake, standards=["MH-02"])
    return dossier.judge([town.household])


def test_a_decision_on_a_case_clears_what_asks_for_it(town: Town) -> None:
    before = town.run(SILENT)
    found = Finding.objects.get(standard="MH-02")
    assert (found.breach, found.clears) == ("crushing", None)  # whether the family is monitored, nobody has delivered
    assert alone(town, before).finding("MH-02", town.household).clears is None

    run = town.run(town.paid())
    found = Finding.objects.get(standard="MH-02")
    assert (found.breach, found.clears) == ("crushing", True)
    assert alone(town, run).finding("MH-02", town.household).clears is True
    explained = explain_of_run(town.policy, town.data, run, "MH-02", town.household, own=own_feeds)
    assert explained.explanation.finding.clears is True


def test_a_decision_on_another_family_or_another_trouble_clears_nothing(town: Town) -> None:
    for more in ({"household_id": town.household + 1}, {"standard": "SS-01"}, {"decision": "refused"}, {"decided_on": date(2023, 9, 27)}):
        town.run(town.paid(**more))
        assert Finding.objects.get(standard="MH-02").clears is None, more


def test_the_interpreter_reads_the_same_rows(town: Town) -> None:
    sources, _, _ = sources_for(town.policy, town.data, DAY, NOW, town.paid())
    world = read_world(sources, town.policy, {"P01", "F14", "F26", "F27"})
    assert Judge(town.policy, world, DAY, NOW.replace(tzinfo=None)).finding("MH-02", town.household).clears is True


def test_an_explanation_whose_manifest_is_gone_asks_anew(town: Town) -> None:
    run = town.run(town.paid())
    run.manifest_digest = "gone"
    explained = explain_of_run(town.policy, town.data, run, "MH-02", town.household, own=lambda *_: town.paid())
    assert explained.explanation.finding.clears is True
    explained = explain_of_day(town.policy, town.data, DAY, NOW, "MH-02", town.household, own=lambda *_: SILENT)
    assert explained.explanation.finding.clears is None


def test_what_the_platform_says_is_part_of_what_a_run_has_read(town: Town) -> None:
    digests = [sources_for(town.policy, town.data, DAY, NOW, own)[2] for own in (SILENT, town.paid(), town.paid(), town.paid(decision="no"))]
    assert len(set(digests)) == 3 and digests[1] == digests[2]
    first, second = town.run(town.paid()), town.run(town.paid())
    assert first.pk == second.pk


def test_the_same_rows_in_another_order_are_the_same_table(town: Town) -> None:
    rows = [{"case_id": str(n), "standard": "ED-01", "household_id": n, "returned_count": n} for n in range(1, 5)]
    one, other = (own_table(town.policy, "P02", given, DAY) for given in (rows, reversed(rows)))
    assert one.equals(other)
    assert one.column("row_id").to_pylist() == [1, 2, 3, 4] and set(one.column("valid").to_pylist()) == {DAY}


def test_of_two_rows_of_one_key_the_one_known_last_counts(town: Town) -> None:
    base = {"decision_id": "1", "standard": "MH-02", "decided_on": date(2023, 9, 20), "household_id": town.household}
    early = {**base, "decision": "assistance_paid", "known_at": datetime(2023, 9, 20, 8, tzinfo=UTC)}
    late = {**base, "decision": "taken_back", "known_at": datetime(2023, 9, 21, 8, tzinfo=UTC)}
    for rows, clears in (([early], True), ([late, early], None)):
        run = town.run(own_feeds_of(town.policy, {"P01": rows}, DAY))
        assert Finding.objects.get(standard="MH-02").clears is clears
        assert alone(town, run).finding("MH-02", town.household).clears is clears


def test_a_column_that_the_feed_does_not_have_is_refused(town: Town) -> None:
    with pytest.raises(NoSuchColumn, match="P01 has no colour: one of .*decision"):
        town.paid(colour="red")


def test_a_feed_that_the_policy_does_not_know_is_left_out(town: Town) -> None:
    assert not own_feeds_of(town.policy, {"P99": [{"anything": 1}]}, DAY).tables


def test_everything_is_published_through_one_function(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def rows(day: date, known_at: datetime, household: int | None) -> list[dict[str, Any]]:
        asked.append((day, known_at, household))
        return [{"visit_id": "1", "household_id": town.household, "visited_on": DAY, "mode": "door", "outcome": "met", "findings": ["none"]}]

    monkeypatch.setattr(gathered, "PUBLISHERS", (("P04", rows), ("P99", rows)))
    own = own_feeds(town.policy, DAY, NOW)
    assert asked == [(DAY, NOW, None)] and set(own.tables) == {"P04"}
    run = town.run(own)
    written = pq.read_table(town.data / "lake" / "manifest" / run.manifest_digest / "P04.parquet")
    assert written.column("findings").to_pylist() == [["none"]] and written.schema.field("visited_on").type == pa.date32()


def test_a_hundred_thousand_cases_are_published_and_read(town: Town) -> None:
    rows = (
        {"case_id": f"{n:06d}", "standard": "ED-01", "level": "red", "household_id": town.household, "opened_on": DAY} for n in range(100_000)
    )
    own = own_feeds_of(town.policy, {"P02": rows}, DAY)
    sources, _, _ = sources_for(town.policy, town.data, DAY, NOW, own)
    assert pq.ParquetFile(sources.manifest / "P02.parquet").metadata.num_rows == 100_000
