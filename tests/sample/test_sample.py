"""The sample, taken in as an operator would: a run finds exactly the troubles that were planted, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.core.management import call_command

from anju.apps.cases.own_feeds import own_feeds
from anju.apps.feeds.models import Delivery
from anju.apps.feeds.own import SILENT
from anju.apps.findings.actions import judge, run_folder, sources_for
from anju.apps.findings.explaining import explain_of_run
from anju.apps.findings.models import Attainment, Finding, Run
from anju.apps.findings.queries import findings_in_scope
from anju.apps.people.importing import ImportReport
from anju.apps.people.models import Household, Identifier, PersonVersion, VitalEvent
from anju.apps.people.vault import digest, ensure_keys
from anju.apps.places.models import Place
from anju.cli.changes import changes, standing
from anju.cli.demo import feeds_needed, look_back, register, take_in
from anju.core.contracts.model import Contract, Programme
from anju.core.standards.meaning import Finding as Judged
from anju.core.standards.meaning.judge import Judge
from anju.core.standards.meaning.logic import Fact
from anju.core.standards.model import Policy, State
from anju.core.standards.read import load_policy
from anju.core.terms.viewer import STRANGER, Viewer
from anju.lake.engine import feeds_of, plan_of
from anju.lake.world import read_world
from anju.sample.build import build_sample, deliver
from anju.sample.earlier import Earlier, month_ends
from anju.sample.timeline import SAMPLE_DAY

BEGIN = datetime(2022, 8, 1, 12, tzinfo=UTC)


def evening(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 18, tzinfo=UTC)


@dataclass(frozen=True)
class Sample:
    """The folder of the sample, its data folder and what the import of the registers said."""

    folder: Path
    data: Path
    policy: Policy
    registers: ImportReport

    def truth(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "truth.json").read_text(encoding="utf-8"))
        return found


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any) -> Iterator[Sample]:
    """6,000 people with thirteen months behind them, of which the last two are delivered round by round."""
    folder = tmp_path_factory.mktemp("sample")
    policy = load_policy(Path(settings.POLICY))
    contracts = {code: contract for code, contract in policy.contracts.items() if isinstance(contract, Contract)}
    build_sample(6_000, folder, contracts, months=13, monthly=2, only=frozenset(feeds_needed(policy)))
    data = folder / "data"
    kept = settings.DATA
    settings.DATA = data
    assert isinstance(policy.programme, Programme)
    with django_db_blocker.unblock():
        report = register(folder, policy)
        assert report is not None
        take_in(policy, [path for path in (folder / "deliveries").rglob("*") if path.is_file()])
        judge(policy, data, SAMPLE_DAY, evening(SAMPLE_DAY), own=SILENT, by="test")
        yield Sample(folder, data, policy, report)
        call_command("flush", verbosity=0, interactive=False)
    settings.DATA = kept


@pytest.fixture(autouse=True)
def own_data_folder(sample: Sample, settings: object) -> Path:
    """This module works on the sample's data folder, not on an empty one of each test."""
    settings.DATA = sample.data  # type: ignore[attr-defined]
    return sample.data


def _expected(sample: Sample, day: date) -> set[tuple[object, ...]]:
    """What the truth says of a day, with our own keys for the people, households and places it names."""
    keys = ensure_keys(sample.data / "keys")
    people = dict(Identifier.objects.values_list("digest", "person_id"))
    households = dict(Household.objects.values_list("household_code", "pk"))
    places = dict(Place.objects.filter(level="community").values_list("code", "pk"))

    def named(subject: str) -> object:
        if subject in households:
            return households[subject]
        if subject in places:
            return places[subject]
        if len(subject) == 18 and subject.startswith("5223"):
            return people[digest(keys, "cn_resident_id", subject)]
        return subject

    at = day.isoformat()
    in_force = sample.policy.standards
    troubles = [e for e in sample.truth()["troubles"] if e["since"] <= at <= e["until"] and e["standard"] in in_force]
    return {(e["standard"], named(e["subject"]), e["answer"], e["level"]) for e in troubles}


def _answered(sample: Sample, run: Run) -> set[tuple[object, ...]]:
    """Every breach and everything unknown, read from the answers the run kept."""
    found: set[tuple[object, ...]] = set()
    for path in run_folder(sample.data, run).glob("answers_*.parquet"):
        table = pq.read_table(path)
        for code in (name for name in table.schema.names if "-" in name and ":" not in name):
            version = sample.policy.standards[code].version_on(run.day)
            for key, subject, answer in zip(*(table.column(n).to_pylist() for n in ("subject_key", "subject_id", code)), strict=True):
                if answer == 2:
                    found.add((code, key or subject, "unknown", ""))
                elif answer >= 10:
                    assert version is not None
                    found.add((code, key or subject, "breached", version.breaches[answer % 100 - 10].level))
    return found


@pytest.mark.django_db
def test_the_run_finds_exactly_what_was_planted(sample: Sample) -> None:
    expected = _expected(sample, SAMPLE_DAY)
    assert _answered(sample, Run.objects.get(current=True)) == expected
    cases = {"MW-03"}  # about the platform's own cases: nobody has opened any yet
    assert {e["standard"] for e in sample.truth()["expected"]} == {*sample.policy.standards, "SX-02"} - cases
    stands = {(f.standard, f.subject_key or f.subject_id, "breached", f.level) for f in Finding.objects.all()}
    assert stands == {e for e in expected if e[2] == "breached"}


@pytest.mark.django_db
@pytest.mark.parametrize("day", [date(2023, 7, 31), pytest.param(date(2023, 8, 31), marks=pytest.mark.long)], ids=str)
def test_an_earlier_months_end_finds_exactly_what_was_planted_then(sample: Sample, day: date) -> None:
    replay = judge(sample.policy, sample.data, day, evening(day), own=SILENT, by="test").run
    assert replay.replay
    found, expected = _answered(sample, replay), _expected(sample, day)
    assert found == expected
    assert len({e[0] for e in expected}) >= 10
    assert found != _expected(sample, SAMPLE_DAY)


@pytest.mark.django_db
def test_a_month_that_is_looked_back_on_finds_what_was_planted_then(sample: Sample) -> None:
    """What lists tell exactly, for those of then were delivered. Of the rest all is known by now: what figures of the days after told."""
    day = date(2023, 1, 31)  # enrolment of the year is still open
    contracts = {code: contract for code, contract in sample.policy.contracts.items() if isinstance(contract, Contract)}
    assert day in month_ends(sample.folder)
    before = list(Finding.objects.order_by("pk").values())
    with Earlier(sample.folder, contracts).lists_on(day) as files:
        assert {path.name.split("_")[0] for path in files} == {"F04", "F05", "F13", "F20", "F21", "F27", "F33"}
        assert take_in(sample.policy, files)["new"] == len(files)
    assert not any(path.exists() for path in files)
    kept = sorted((sample.data / "lake" / "resolved").rglob("*"))
    replay = judge(sample.policy, sample.data, day, evening(SAMPLE_DAY), own=SILENT, by="test").run
    assert replay.replay
    found, expected = _answered(sample, replay), _expected(sample, day)
    by_lists = {"HS-02", "MH-01", "SS-01", "SS-05", "CU-03", "QX-01"}
    assert {e for e in found if e[0] in by_lists} == {e for e in expected if e[0] in by_lists}
    later = set().union(*(_expected(sample, day + timedelta(days=n)) for n in range(0, 100, 3)))
    undated = {e for e in _expected(sample, SAMPLE_DAY) if e[0] == "MH-02" and e[2] == "unknown"}  # a bill of no day may be of any
    assert found - later <= undated
    assert len({e[0] for e in expected}) >= 9
    assert list(Finding.objects.order_by("pk").values()) == before
    assert sorted((sample.data / "lake" / "resolved").rglob("*")) == kept


@pytest.mark.django_db
def test_looking_back_goes_on_with_the_months_that_have_no_run(
    sample: Sample, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("anju.cli.demo.os.nice", lambda _: None)  # the other tests shall not be slower for it
    at, left = evening(SAMPLE_DAY), date(2023, 5, 31)
    for day in month_ends(sample.folder):
        if day != left:
            Run.objects.create(day=day, known_at=at, started_at=at, finished_at=at, folder="", replay=True)
    Run.objects.create(day=left, known_at=at, started_at=at, folder="")  # killed
    look_back(sample.policy, sample.folder)
    found = Run.objects.get(day=left)
    assert found.replay and found.counts["MH-01"]["met"] > 5_000 and not found.counts["MH-01"].get("unknown")
    assert Run.objects.get(current=True).day == SAMPLE_DAY
    runs = Run.objects.count()
    look_back(sample.policy, sample.folder)
    assert Run.objects.count() == runs and not (sample.folder / "earlier").exists()
    said = capsys.readouterr().err
    assert "1 month before was judged now" in said and "0 months before were judged now" in said


@pytest.mark.django_db
def test_every_faulty_row_is_set_aside_with_its_reason_and_no_other(sample: Sample) -> None:
    files = {(f["file"].split("/")[1], f["received"]): f for f in sample.truth()["files"]}
    seen: set[str] = set()
    for d in Delivery.objects.all():
        planted = files[d.file_name, d.received_at.date().isoformat()]
        assert d.rows - d.skipped == planted["rows"] == d.accepted + d.refused + d.duplicates
        assert d.refused == sum(n for _, n in planted["set_aside"]), (d.file_name, d.reasons)
        for why, n in planted["set_aside"]:
            assert sum(count for reason, count in d.reasons.items() if why in reason) == n, (d.file_name, why, d.reasons)
            seen.add(why)
    assert seen == {
        "check digit", "nobody in the register has this number", "is not an exact amount", "turned the number into a figure",
        "is neither yes nor no", "no place of this code", "is not a day", "is less than 0", "is not a whole number", "is more than",
    }  # fmt: skip
    refused = sample.registers.refused
    assert [r["reason"] for r in refused] == ["the same number stands here in two households"] * 2
    assert sample.truth()["register_set_aside"] == 2


@pytest.mark.django_db
def test_the_registers_are_read_once_and_two_samples_are_not_mixed(sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (Household.objects.count(), PersonVersion.objects.count(), VitalEvent.objects.count())
    assert before[2] > 0
    assert register(sample.folder, sample.policy) is None
    assert (Household.objects.count(), PersonVersion.objects.count(), VitalEvent.objects.count()) == before
    (tmp_path / "truth.json").write_text(json.dumps(sample.truth() | {"households": 79_100}), encoding="utf-8")
    with pytest.raises(SystemExit):
        register(tmp_path, sample.policy)
    assert "two samples cannot live in one data folder" in capsys.readouterr().err


@pytest.mark.django_db
def test_a_file_sent_twice_changes_nothing_and_a_roll_that_shrank_waits(sample: Sample) -> None:
    notes = {f["note"]: f["file"].split("/")[1] for f in sample.truth()["files"] if f["note"]}
    assert set(notes) == {"same as before", "held", "in fen"}
    assert Delivery.objects.filter(file_name=notes["same as before"]).count() == 1
    held = {d.file_name: d.held_reason for d in Delivery.objects.exclude(held_reason="")}
    assert set(held) == {notes["held"], notes["in fen"]}
    assert all("rows where the last delivery had" in reason for reason in held.values())
    assert Delivery.objects.filter(file_name=notes["in fen"]).count() == 2  # and in yuan the day after


@pytest.mark.django_db
def test_an_old_countys_number_is_valid_and_a_renamed_settlement_keeps_its_code(sample: Sample) -> None:
    keys = ensure_keys(sample.data / "keys")
    (old,) = sample.truth()["old_codes"]
    assert old.startswith("522322")
    assert int(old[6:10]) >= 2019  # no card bears it: the county's code was given up in 2018
    assert Identifier.objects.filter(digest=digest(keys, "cn_resident_id", old)).exists()
    assert not Place.objects.filter(name="旧街社区").exists()


@pytest.mark.django_db
def test_the_stories_are_found(sample: Sample) -> None:
    stories = {story["code"]: story for story in sample.truth()["stories"]}
    assert len(stories) == 5

    def found(*households: str) -> set[tuple[str, str]]:
        keys = Household.objects.filter(household_code__in=households).values_list("pk", flat=True)
        return set(Finding.objects.filter(household_id__in=keys).values_list("standard", "level"))

    girl, cousin = stories["girl-off-the-roll"]["households"]
    assert found(girl) == found(cousin) == {("ED-01", "red")}
    assert found(*stories["illness-and-lost-work"]["households"]) == {("MH-02", "red"), ("EM-01", "red"), ("MW-02", "red")}
    assert found(*stories["family-that-thrives"]["households"]) == set()
    water, late = (Place.objects.get(code=code, level="community") for code in stories["bad-water"]["places"])
    assert Finding.objects.get(standard="HS-04", subject_id=water.pk).level == "red"
    assert Attainment.objects.get(run__current=True, standard="HS-04", place_id=late.pk).unknown == 1
    assert Finding.objects.get(standard="EM-05", subject_key=stories["workshop-closes"]["employers"][0]).breach == "stopped"


@pytest.mark.django_db
def test_the_interpreter_and_duckdb_agree_on_every_answer_and_evidence(sample: Sample) -> None:
    policy = sample.policy
    sources, _, _ = sources_for(policy, sample.data, SAMPLE_DAY, evening(SAMPLE_DAY))
    world = read_world(sources, policy, feeds_of(policy, plan_of(policy, SAMPLE_DAY)) | {"F28", "F19", "F36"})
    oracle = Judge(policy, world, SAMPLE_DAY, evening(SAMPLE_DAY).replace(tzinfo=None))
    folder = run_folder(Path(settings.DATA), Run.objects.get(current=True))
    compared, differ = 0, []
    for path in sorted(folder.glob("answers_*.parquet")):
        for row in pq.read_table(path).to_pylist():
            key = row["subject_key"] if row["subject_key"] is not None else row["subject_id"]
            for code in (name for name in row if "-" in name and ":" not in name):
                found = oracle.finding(code, key)
                compared += 1
                if (_code_of(policy, found), found.clears) != (row[code], row[f"{code}:clears"]):
                    differ.append((code, key, found, row[code], row[f"{code}:clears"]))
    assert differ == []
    assert compared > 30_000
    for finding in Finding.objects.all():
        found = oracle.finding(finding.standard, finding.subject_key or finding.subject_id)
        recorded = {name: (fact["s"], fact["v"]) for name, fact in json.loads(finding.evidence).items()}
        said = {name: _as_recorded(fact) for name, fact in found.evidence}
        assert {name: _like(recorded[name], fact) for name, fact in said.items()} == said
        assert recorded.keys() == said.keys()


@pytest.mark.django_db
def test_an_explanation_reads_only_what_the_answer_needs_and_says_what_the_run_says(sample: Sample) -> None:
    """One subject of every answer of every standard: the interpreter over that subject's own rows agrees with the run."""
    policy, data = sample.policy, sample.data
    run = Run.objects.get(current=True)
    told, differ = set(), []
    for path in sorted(run_folder(data, run).glob("answers_*.parquet")):
        table = pq.read_table(path).to_pylist()
        for code in (name for name in (table[0] if table else ()) if "-" in name and ":" not in name):
            for row in {row[code]: row for row in table}.values():
                key = row["subject_key"] if row["subject_key"] is not None else row["subject_id"]
                found = explain_of_run(policy, data, run, code, key, own=own_feeds)
                told.add((code, found.explanation.finding.answer))
                assert found.same_rules
                if (_code_of(policy, found.explanation.finding), found.explanation.finding.clears) != (row[code], row[f"{code}:clears"]):
                    differ.append((code, key))
    assert differ == []
    assert len(told) > 30


@pytest.mark.django_db
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_finding_can_be_told_in_both_languages(sample: Sample, lang: str) -> None:
    policy, data = sample.policy, sample.data
    run = Run.objects.get(current=True)
    for code in sorted({*policy.standards} - {"MW-03"}):
        finding = Finding.objects.filter(standard=code).first()
        assert finding is not None
        lines = explain_of_run(policy, data, run, code, finding.subject_key or finding.subject_id, own=own_feeds).lines(lang)
        standard = policy.standards[code]
        assert lines[0].startswith(f"{code} {standard.title.zh if lang == 'zh' else standard.title.en}")
        assert any((standard.sentence.zh if lang == "zh" else standard.sentence.en) in line for line in lines)
        if lang == "zh":
            assert not re.findall(r"\b(red|orange|yellow|blue|education|migration|breached|yes|no|not known)\b", "\n".join(lines[:5]))


def _code_of(policy: Policy, found: Judged) -> int:
    """The answer as the run writes it: see the lake's engine."""
    plain = {"not applicable": 0, "met": 1, "unknown": 2}.get(found.answer)
    if plain is not None:
        return plain
    version = policy.standards[found.standard].version_on(SAMPLE_DAY)
    assert version is not None
    return 10 + [b.name for b in version.breaches].index(str(found.breach)) + (100 if found.at_least else 0)


def _like(recorded: tuple[str, object], said: tuple[str, object]) -> tuple[str, object]:
    """What was recorded, read as the kind of number it is: one that might outgrow JSON's is kept as text."""
    state, value = recorded
    return state, int(value) if isinstance(value, str) and isinstance(said[1], int) else value


def _as_recorded(fact: Fact) -> tuple[str, object]:
    value = fact.bound if fact.state is State.AT_LEAST else fact.value
    if isinstance(value, date | Decimal):
        value = str(value)
    return fact.state.name.lower(), value


@pytest.mark.django_db
def test_judging_again_changes_nothing(sample: Sample) -> None:
    policy = sample.policy
    before = list(Finding.objects.order_by("pk").values())
    again = judge(policy, sample.data, SAMPLE_DAY, evening(SAMPLE_DAY), own=SILENT, by="test")
    assert (again.opened, again.changed, again.ended) == (0, 0, 0)
    assert list(Finding.objects.order_by("pk").values()) == before
    assert Run.objects.count() == 1


@pytest.mark.django_db
def test_an_older_day_is_a_replay_and_moves_no_finding(sample: Sample) -> None:
    policy = sample.policy
    before = Finding.objects.count()
    replay = judge(policy, sample.data, date(2023, 9, 20), evening(SAMPLE_DAY), own=SILENT, by="test")
    assert replay.run.replay
    assert not replay.run.current
    assert Finding.objects.count() == before


@pytest.mark.django_db
def test_the_stranger_sees_nothing_and_a_worker_only_her_community(sample: Sample) -> None:
    assert not findings_in_scope(STRANGER).exists()
    place = Place.objects.filter(level="community").first()
    assert place is not None
    worker = Viewer(name="worker", scopes=(place.path,))
    assert all(f.path.startswith(place.path) for f in findings_in_scope(worker))
    everybody = Viewer(name="bureau", scopes=("/",))
    assert findings_in_scope(everybody).count() == Finding.objects.count()


@pytest.mark.django_db
def test_attainment_adds_up_from_communities_to_the_programme(sample: Sample) -> None:
    top = Place.objects.get(parent__isnull=True, tree="scope")
    for row in Attainment.objects.filter(run__current=True, place_id=top.pk, standard="EM-01"):
        parts = Attainment.objects.filter(run__current=True, standard="EM-01", place_id__in=Place.objects.filter(level="community").values("pk"))
        assert row.met == sum(p.met for p in parts)
        assert row.breached == sum(p.breached for p in parts) > 0
        assert row.met + row.breached + row.unknown + row.not_applicable == Household.objects.count()


@pytest.mark.django_db
def test_a_week_passes_and_what_changed_is_said_with_its_reasons(sample: Sample) -> None:
    """Last in this module: afterwards the sample stands a week later."""
    contracts = {code: contract for code, contract in sample.policy.contracts.items() if isinstance(contract, Contract)}
    before, day = standing(), date(2023, 10, 3)
    written = deliver(sample.folder, contracts, day)
    assert {file.received for file in written} == {date(2023, 10, 2)}
    take_in(sample.policy, [sample.folder / "deliveries" / file.file for file in written])
    judged = judge(sample.policy, sample.data, day, evening(day), own=SILENT, by="test")
    assert _answered(sample, judged.run) == _expected(sample, day)
    counts, told = changes(sample.policy, before, sample.data)
    assert counts.get("opened", 0) == judged.opened
    assert counts.get("ended", 0) == judged.ended > 0
    lit = [change for change in told if change.light == "education" and change.now in ("red", "orange")]
    assert lit and all("school days away in a row" in change.because for change in lit)
    well = [change for change in told if change.standard == "ED-01" and change.now == "met"]
    assert well and all("school days away in a row: 0" in change.because for change in well)
    assert deliver(sample.folder, contracts, day) == []  # nothing comes twice
