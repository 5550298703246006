"""anju demo: build the sample prefecture, take its files in, judge its day, and explain one finding."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime
from pathlib import Path

import click

from anju.apps.feeds.actions import receive_file
from anju.apps.findings.actions import judge
from anju.apps.findings.models import Finding
from anju.apps.people.importing import import_people
from anju.apps.people.publish import Directory
from anju.apps.people.vault import FileVault
from anju.apps.places.actions import import_scope_places
from anju.cli.context import actor, data_folder, fail, json_option, load_checked_policy, migrated, moment_of, policy_folder, progress, say
from anju.cli.explanation import explain_finding
from anju.cli.feeds import parts_of
from anju.cli.runs import summary
from anju.core.contracts.model import Programme
from anju.sample.build import SAMPLE_DAY, build_sample


@click.command()
@click.option("--people", default=20_000, show_default=True, help="How many residents; the prefecture has 338,506.")
@click.option("--months", default=24, show_default=True, help="Months of monthly feeds.")
@json_option
def demo(people: int, months: int, as_json: bool) -> None:
    """Build the sample (演示数据), take it in, judge it and explain one finding. A second time nothing is built anew."""
    migrated()
    policy = load_checked_policy()
    if "F01" not in policy.contracts or policy.programme.identifiers[0].validator != "cn_resident_id":
        fail(
            f"the sample prefecture cannot be judged by the policy in {policy_folder()}",
            "it is made for the policy that is shipped: unset ANJU_POLICY",
        )
    folder = data_folder() / "sample" / f"{people}-{months}"
    started = time.monotonic()
    if not (folder / "truth.json").exists():
        with progress("building the sample") as advance:
            build_sample(people, folder, policy.contracts, months=months, progress=advance)
    _register(folder, policy)
    taken = _deliveries(folder, policy)
    judged = judge(policy, data_folder(), SAMPLE_DAY, _evening(), by=actor())
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    finding = Finding.objects.filter(standard="ED-01", level="red").order_by("id").first()
    lines = [
        f"Sample prefecture (演示数据), {truth['people']:,} people in {truth['households']:,} households, day {SAMPLE_DAY}",
        f"{taken['new']} files taken in ({taken['rows']:,} rows, {taken['set_aside']} set aside), {taken['known']} known already",
        *summary(judged),
    ]
    explanation = explain_finding(policy, finding) if finding is not None else None
    if explanation is not None:
        lines += ["", *explanation.lines("en"), "", *explanation.lines("zh")]
    lines += ["", f"{time.monotonic() - started:.1f} s. Next: anju findings list, anju explain CODE SUBJECT, anju doctor"]
    data = {"deliveries": taken, "run": judged.as_dict(), "explanation": explanation.as_dict() if explanation else None}
    say(as_json, data, lines)


def _evening() -> datetime:
    return datetime(SAMPLE_DAY.year, SAMPLE_DAY.month, SAMPLE_DAY.day, 18, tzinfo=UTC)


def _register(folder: Path, policy: object) -> None:
    programme = getattr(policy, "programme")  # noqa: B009
    assert isinstance(programme, Programme)
    at = moment_of(date(2023, 8, 1))
    register = folder / "register"
    import_scope_places(register / "places.csv", by=actor(), at=at, programme_code=programme.code, programme_name=programme.title.zh)
    files = [register / "F01_household_register.csv", register / "F02_person_register.csv"]
    import_people(files, by=actor(), at=at, contracts=getattr(policy, "contracts"), programme=programme)  # noqa: B009


def _deliveries(folder: Path, policy: object) -> dict[str, int]:
    files = sorted(path for path in (folder / "deliveries").rglob("*") if path.suffix in (".csv", ".xlsx"))
    programme = getattr(policy, "programme")  # noqa: B009
    directory, vault = Directory(programme.identifiers[0].name), FileVault()
    found = {"new": 0, "known": 0, "rows": 0, "set_aside": 0}
    with progress("taking in", len(files)) as advance:
        for path in files:
            feed, unit, periods = parts_of(path)
            received = receive_file(
                path, feed=feed, policy=policy, root=data_folder() / "lake", directory=directory, vault=vault, by=actor(),  # type: ignore[arg-type]
                at=moment_of(date.fromisoformat(path.parent.name)), unit=unit, periods=periods,
            )  # fmt: skip
            found["known" if received.repeats else "new"] += 1
            if not received.repeats:
                found["rows"] += received.delivery.rows
                found["set_aside"] += received.delivery.refused
            advance(path.name)
    return found
