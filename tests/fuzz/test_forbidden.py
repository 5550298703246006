"""What may never be a condition is refused by whatever name, and from wherever, it is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from anju.core.contracts.faults import PolicyFaults
from anju.core.standards.read import load_policy, read_policy
from oracle.policies import PERSONS
from oracle.small import contract, feature, small_policy, standard, write_policy

# The programme forbids 'religion'. Here are columns that mean it, each under another name.
HIDDEN = {
    "by its name": "  religion: {type: text}\n",
    "within a name": "  father_religion_code: {type: text}\n",
    "in capitals": "  Religion: {type: text}\n",
    "by its title": "  belief: {type: text, title: {en: Religion, zh: 信仰}}\n",
    "by a title of several words": '  belief: {type: text, title: {en: "Declared religion (if any)", zh: 信仰}}\n',
    "by a heading": '  belief: {type: text, aliases: [zjxy, "RELIGION"]}\n',
    "in wide letters": "  belief: {type: text, aliases: [ｒｅｌｉｇｉｏｎ]}\n",
}
REFUSED = r"may never be a condition|no row is found by it|nobody is a subject by it|nobody is found by it"


def column_of(name: str) -> str:
    return HIDDEN[name].strip().split(":")[0]


def with_column(
    code: str, link: str, name: str, *, by: str = "unit", lines: tuple[str, ...] = ("freshness: {due_days: 10, fresh_for: 45}",)
) -> str:
    return contract(code, link, "state", *lines, by=by) + HIDDEN[name]


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize(
    "text",
    ["latest: FS, where: \"{x} = 'a'\"", "count: FS, where: \"absent({x})\"", "count: {{feed: FS, of: \"{x} = 'a'\"}}",
     "any: {{feed: FS, of: \"blank({x})\"}}",
     "count: FS, where: \"if_absent({x}, 'a') = 'a'\"", "count: FS, where: \"item in ({x}, 'a')\"", "max: FS.{x}",
     "min: {{feed: FS, of: \"{x}\"}}",
     "count: FS, where: \"case when {x} = 'a' then true end\""],
)  # fmt: skip
def test_no_row_is_filtered_counted_or_compared_by_it(name: str, text: str) -> None:
    with pytest.raises(PolicyFaults, match=REFUSED):
        small_policy([feature("x", "person", text.format(x=column_of(name)))], FS=with_column("FS", "person", name))


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize(
    ("subject", "text"),
    [("person", "value: row.{x}"), ("person", "value: \"row.{x} = 'a'\""), ("person", "value: absent(row.{x})"),
     ("household", "count: \"row.{x} = 'a'\", over: person"), ("community", "any: alive, over: person, where: \"blank(row.{x})\"")],
)  # fmt: skip
def test_no_feature_reads_it_from_a_row(name: str, subject: str, text: str) -> None:
    features = [feature("row", "person", "latest: FS"), feature("x", subject, text.format(x=column_of(name)))]
    with pytest.raises(PolicyFaults, match=REFUSED):
        small_policy(features, FS=with_column("FS", "person", name))


@pytest.mark.parametrize("name", HIDDEN)
def test_it_is_no_evidence_and_no_clearing_and_nothing_above_leads_to_it(name: str) -> None:
    rows, column = [feature("row", "household", "latest: FD")], column_of(name)
    held = with_column("FD", "household", name)
    for text in (
        standard("AA-01", "household", red="true").replace("evidence: []", f"evidence: [row.{column}]"),
        standard("AA-01", "household", red="true", clears=f"row.{column} = 'a'"),
        standard("AA-01", "household", red="true", applies=f"row.{column} = 'a'"),
        standard("AA-01", "household", red=f"row.{column} = 'a'"),
        standard("AA-01", "person", red=f"household.row.{column} = 'a'"),
        standard("AA-01", "person", red="true").replace("evidence: []", f"evidence: [household.row.{column}]"),
    ):
        with pytest.raises(PolicyFaults, match=REFUSED):
            small_policy(rows, {"AA-01": text}, FD=held)


def test_the_column_of_a_register_is_refused_under_its_alias_too() -> None:
    register = PERSONS.replace("  alive: {type: bool}", "  alive: {type: bool}\n  health_status: {type: text, aliases: [religion]}")
    for text in ("value: \"health_status = 'a'\"", "value: health_status"):
        with pytest.raises(PolicyFaults, match=REFUSED):
            small_policy([feature("x", "person", text)], RP=register)
    with pytest.raises(PolicyFaults, match=REFUSED):
        small_policy([feature("x", "household", "count: \"health_status = 'a'\", over: person")], RP=register)


def test_a_feature_may_not_be_called_by_it_and_used() -> None:
    with pytest.raises(PolicyFaults, match=REFUSED):
        small_policy([feature("religion", "person", "count: FS"), feature("x", "person", 'value: "religion > 1"')])


def test_no_parameter_is_keyed_by_it(tmp_path: Path) -> None:
    write_policy(tmp_path, [feature("x", "person", 'count: FS, where: "n > $bad"')], FS=with_column("FS", "person", "by its title"))
    path = tmp_path / "parameters/all.yaml"
    bad = "  - {name: bad, type: int, keyed_by: [belief], values: [{from: 2021-01-01, keys: [a], value: 1, source: s}]}\n"
    path.write_text(path.read_text(encoding="utf-8") + bad, encoding="utf-8")
    with pytest.raises(PolicyFaults, match=REFUSED):
        load_policy(tmp_path)


def test_nobody_is_a_subject_by_it_and_no_row_is_found_by_it(tmp_path: Path) -> None:
    write_policy(tmp_path, [], F1=with_column("F1", "person", "by its title"))
    programme = tmp_path / "programme.yaml"
    programme.write_text(programme.read_text(encoding="utf-8").replace("key: [item]", "key: [belief]"), encoding="utf-8")
    with pytest.raises(PolicyFaults, match=REFUSED):
        load_policy(tmp_path)
    found_by = contract("FX", "place", "state", "through: {feed: F2, on: belief}", "freshness: {due_days: 10}") + HIDDEN["by its title"]
    with pytest.raises(PolicyFaults, match=REFUSED):
        small_policy([], F2=with_column("F2", "household", "by its title"), FX=found_by)
    by_it = with_column("FW", "person", "by its title", by="belief", lines=("unit_from: roll.school", "freshness: {due_days: 3}"))
    with pytest.raises(PolicyFaults, match=REFUSED):
        small_policy([], FW=by_it)
    from_it = contract("FW", "person", "state", "unit_from: row.belief", "freshness: {due_days: 3}", by="school")
    with pytest.raises(PolicyFaults, match=REFUSED):
        small_policy([feature("row", "person", "latest: FS")], FS=with_column("FS", "person", "by its title"), FW=from_it)


@pytest.mark.parametrize(
    "title", ["民族", "民族代码", "宗教信仰", "信访次数", "前科", "羁押状态", "政治面貌", "Ethnic group", "Criminal record", "In custody"]
)
def test_the_programme_in_force_knows_them_in_both_languages(title: str, tmp_path: Path) -> None:
    policy = Path(__file__).parents[2] / "policy"
    for path in policy.rglob("*.yaml"):
        target = tmp_path / path.relative_to(policy)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    roll = tmp_path / "feeds/education/F09_school_roll.yaml"
    roll.write_text(roll.read_text(encoding="utf-8") + f'  c1: {{type: text, title: {{en: "{title}", zh: "{title}"}}}}\n', encoding="utf-8")
    features = tmp_path / "features/person.yaml"
    features.write_text(
        features.read_text(encoding="utf-8") + "  - {name: bad, subject: person, value: \"on_roll.c1 = 'a'\"}\n", encoding="utf-8"
    )
    _, faults = read_policy(tmp_path)
    assert [fault.file for fault in faults] == ["features/person.yaml"]
    assert "may never be a condition" in faults[0].what
