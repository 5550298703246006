"""The sample, taken in as an operator would: a run finds exactly the troubles that were planted, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.core.management import call_command

from anju.apps.feeds.actions import receive_file
from anju.apps.feeds.models import Delivery
from anju.apps.findings.actions import judge, run_folder, sources_for
from anju.apps.findings.models import Attainment, Finding, Run
from anju.apps.findings.queries import findings_in_scope
from anju.apps.people.importing import import_people
from anju.apps.people.models import Household, Identifier
from anju.apps.people.publish import Directory
from anju.apps.people.vault import FileVault, digest, ensure_keys
from anju.apps.places.actions import import_scope_places
from anju.apps.places.models import Place
from anju.cli.feeds import parts_of
from anju.core.standards.meaning import Finding as Judged
from anju.core.standards.meaning.judge import Judge
from anju.core.standards.meaning.logic import Fact
from anju.core.standards.model import Policy, State
from anju.core.standards.read import load_policy
from anju.core.terms.viewer import STRANGER, Viewer
from anju.lake.engine import feeds_of, plan_of
from anju.lake.world import read_world
from anju.sample.build import SAMPLE_DAY, build_sample

NOON = datetime(2023, 8, 1, 12, tzinfo=UTC)
EVENING = datetime(2023, 9, 26, 18, tzinfo=UTC)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: object) -> Path:
    """6,000 people with thirteen months behind them, imported and judged once for the module."""
    folder = tmp_path_factory.mktemp("sample")
    policy = load_policy(Path(settings.POLICY))
    build_sample(6_000, folder, policy.contracts, months=13)
    data = folder / "data"
    kept = settings.DATA
    settings.DATA = data
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        register = folder / "register"
        import_scope_places(register / "places.csv", by="test", at=NOON, programme_code="qianxinan", programme_name="黔西南")
        files = [register / "F01_household_register.csv", register / "F02_person_register.csv"]
        import_people(files, by="test", at=NOON, contracts=policy.contracts, programme=policy.programme)
        directory, vault = Directory("cn_resident_id"), FileVault()
        for path in sorted(p for p in (folder / "deliveries").rglob("*") if p.is_file()):
            feed, unit, periods = parts_of(path)
            day = date.fromisoformat(path.parent.name)
            at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
            receive_file(path, feed=feed, policy=policy, root=data / "lake", directory=directory, vault=vault, by="test", at=at,
                         unit=unit, periods=periods)  # fmt: skip
        judge(policy, data, SAMPLE_DAY, EVENING, by="test")
        yield folder
        call_command("flush", verbosity=0, interactive=False)
    settings.DATA = kept


@pytest.fixture(autouse=True)
def own_data_folder(sample: Path, settings: object) -> Path:
    """This module works on the sample's data folder, not on an empty one of each test."""
    settings.DATA = sample / "data"  # type: ignore[attr-defined]
    return sample / "data"


def _truth(sample: Path) -> dict[str, list[dict[str, str]]]:
    return json.loads((sample / "truth.json").read_text(encoding="utf-8"))


@pytest.mark.django_db
def test_the_run_finds_exactly_what_was_planted(sample: Path) -> None:
    keys = ensure_keys(sample / "data" / "keys")
    people = _people_by_digest()
    households = dict(Household.objects.values_list("household_code", "pk"))
    places = dict(Place.objects.filter(level="community").values_list("code", "pk"))

    def named(standard: str, subject: str) -> object:
        if subject in households:
            return households[subject]
        if subject in places:
            return places[subject]
        if len(subject) == 18 and subject[:6] == "522300":
            return people[digest(keys, "cn_resident_id", subject)]
        return subject

    expected = {(e["standard"], named(e["standard"], e["subject"]), e["answer"], e["level"]) for e in _truth(sample)["expected"]}
    found = {(f.standard, f.subject_key or f.subject_id, "breached", f.level) for f in Finding.objects.all()}
    found |= _unknown()
    assert found == expected


def _people_by_digest() -> dict[str, int]:
    return dict(Identifier.objects.values_list("digest", "person_id"))


def _unknown() -> set[tuple[object, ...]]:
    folder = run_folder(Path(settings.DATA), Run.objects.get(current=True))
    found: set[tuple[object, ...]] = set()
    for path in folder.glob("answers_*.parquet"):
        table = pq.read_table(path).to_pylist()
        for row in table:
            for name, answer in row.items():
                if answer == 2 and "-" in name and ":" not in name:
                    found.add((name, row["subject_key"] or row["subject_id"], "unknown", ""))
    return found


@pytest.mark.django_db
def test_the_interpreter_and_duckdb_agree_on_every_answer_and_evidence(sample: Path) -> None:
    policy = load_policy(Path(settings.POLICY))
    sources, _, _ = sources_for(policy, sample / "data", SAMPLE_DAY, EVENING)
    world = read_world(sources, policy, feeds_of(policy, plan_of(policy, SAMPLE_DAY)) | {"F28", "F19", "F36"})
    oracle = Judge(policy, world, SAMPLE_DAY, EVENING.replace(tzinfo=None))
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
        assert recorded == {name: _as_recorded(fact) for name, fact in found.evidence}


def _code_of(policy: Policy, found: Judged) -> int:
    """The answer as the run writes it: see the lake's engine."""
    plain = {"not applicable": 0, "met": 1, "unknown": 2}.get(found.answer)
    if plain is not None:
        return plain
    version = policy.standards[found.standard].version_on(SAMPLE_DAY)
    assert version is not None
    return 10 + [b.name for b in version.breaches].index(str(found.breach)) + (100 if found.at_least else 0)


def _as_recorded(fact: Fact) -> tuple[str, object]:
    value = fact.bound if fact.state is State.AT_LEAST else fact.value
    if isinstance(value, date | Decimal):
        value = str(value)
    return fact.state.name.lower(), value


@pytest.mark.django_db
def test_every_faulty_row_is_set_aside_and_no_other(sample: Path) -> None:
    planted = sum(int(r["rows"]) for r in _truth(sample)["refusals"])  # type: ignore[arg-type]
    grades = Delivery.objects.filter(feed="F09").values_list("refused", flat=True)
    twice = Delivery.objects.filter(feed="F13", refused__gt=0).count() - 2  # August's roll carries the same two faults
    assert sum(Delivery.objects.values_list("refused", flat=True)) == planted + sum(grades) + twice
    for d in Delivery.objects.all():
        assert d.rows == d.accepted + d.refused + d.duplicates + d.skipped


@pytest.mark.django_db
def test_judging_again_changes_nothing(sample: Path) -> None:
    policy = load_policy(Path(settings.POLICY))
    before = list(Finding.objects.order_by("pk").values())
    again = judge(policy, sample / "data", SAMPLE_DAY, EVENING, by="test")
    assert (again.opened, again.changed, again.ended) == (0, 0, 0)
    assert list(Finding.objects.order_by("pk").values()) == before
    assert Run.objects.count() == 1


@pytest.mark.django_db
def test_an_older_day_is_a_replay_and_moves_no_finding(sample: Path) -> None:
    policy = load_policy(Path(settings.POLICY))
    before = Finding.objects.count()
    replay = judge(policy, sample / "data", date(2023, 9, 20), EVENING, by="test")
    assert replay.run.replay
    assert not replay.run.current
    assert Finding.objects.count() == before


@pytest.mark.django_db
def test_the_stranger_sees_nothing_and_a_worker_only_her_community(sample: Path) -> None:
    assert not findings_in_scope(STRANGER).exists()
    place = Place.objects.filter(level="community").first()
    assert place is not None
    worker = Viewer(name="worker", scopes=(place.path,))
    assert all(f.path.startswith(place.path) for f in findings_in_scope(worker))
    everybody = Viewer(name="bureau", scopes=("/",))
    assert findings_in_scope(everybody).count() == Finding.objects.count()


@pytest.mark.django_db
def test_attainment_adds_up_from_communities_to_the_programme(sample: Path) -> None:
    top = Place.objects.get(parent__isnull=True, tree="scope")
    for row in Attainment.objects.filter(run__current=True, place_id=top.pk, standard="EM-01"):
        parts = Attainment.objects.filter(run__current=True, standard="EM-01", place_id__in=Place.objects.filter(level="community").values("pk"))
        assert row.met == sum(p.met for p in parts)
        assert row.breached == sum(p.breached for p in parts) > 0
        assert row.met + row.breached + row.unknown + row.not_applicable == Household.objects.count()
