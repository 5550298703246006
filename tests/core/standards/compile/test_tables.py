"""A table keeps what is read later; the rest of the evidence can be had again for a few."""

from __future__ import annotations

from anju.core.standards.compile.tables import UNIT, Grouped, Table, settle

ATTRIBUTES = {"person": [UNIT, '"f:birth"', '"f:sex"'], "household": [UNIT, '"f:poor"']}
HOUSEHOLD = Table("household 0", "household", '"t_household_0"', '"b_household"', [], [[]])
POOR = '(SELECT id AS up_id, "f:poor" AS v0 FROM "t_household_0")'
HOMES = f'LEFT JOIN {POOR} "household for 2" ON "household for 2".up_id = b.household_id'
READING = Grouped("from F1", 'CREATE TABLE "g_person_F1" AS SELECT subject_id, count(*) AS "v:seen" FROM s_F1 GROUP BY subject_id')
PERSON = Table(
    "person 0", "person", '"t_person_0"', '"b_person"', ['LEFT JOIN "g_person_F1" g ON g.subject_id = b.id'],
    [
        ['g."v:seen" AS "y:v:seen"'],
        ['"y:v:seen" AS "f:seen"', '"y:v:seen" IS NULL AS "s:seen"'],
        ['"f:birth" AS "f:age"', '"f:sex" AS "f:male"'],
    ],
)  # fmt: skip
LATER = Table(
    "person 2", "person", '"t_person_2"', '"t_person_0"', [HOMES],
    [
        ['"household for 2".v0 AS "f:household.poor"'],
        ["""("f:seen" > 1 AND "f:birth" IS NOT NULL AND 'say "no"' <> '') AS "w:A" """, '"w:A" AS "a:A"', '"w:A" AS "c:A"'],
    ],
    {'"f:household.poor"': HOMES},
)  # fmt: skip
BREACHES = 'SELECT "a:A", "f:age", "f:male", "f:household.poor", "s:seen" FROM "e_person" WHERE "a:A" >= 10'


def test_only_what_is_read_later_is_kept_and_nothing_is_worked_out_for_nobody() -> None:
    steps = {step.name: step for step in settle([HOUSEHOLD, READING, PERSON, LATER], ATTRIBUTES, BREACHES).steps}
    assert steps["person 0"].sql.startswith(
        'CREATE TABLE "t_person_0" AS SELECT id, household_id, place_id, "f:birth", "f:seen", "s:seen", "f:male" FROM'
    )
    assert "f:age" not in steps["person 0"].sql  # worked out of the day of birth, for whoever is in breach
    assert steps["person 2"].sql.startswith('CREATE TABLE "t_person_2" AS SELECT id, household_id, place_id, "a:A", "c:A" FROM')
    assert steps["person 0"].reads == {'"g_person_F1"'}
    assert steps["person 2"].reads == {'"t_person_0"', '"t_household_0"'}
    assert [step.shared for step in steps.values()] == [False, False, True, True]


def test_evidence_is_fetched_read_from_above_or_worked_out() -> None:
    settled = settle([HOUSEHOLD, READING, PERSON, LATER], ATTRIBUTES, BREACHES)
    evidence = settled.evidence["person"]
    assert evidence.stored == {'"t_person_0"': ['"s:seen"', '"f:birth"', '"f:male"']}  # of whom the sex is not kept
    assert (evidence.joins, evidence.read) == ([HOMES], ['"household for 2".v0 AS "f:household.poor"'])
    assert evidence.worked_out == ['"f:birth" AS "f:age"']
    assert settled.kept == {'"t_person_0"', '"t_household_0"'}


def test_a_name_in_a_text_is_no_column() -> None:
    later = next(step for step in settle([HOUSEHOLD, READING, PERSON, LATER], ATTRIBUTES, BREACHES).steps if step.name == "person 2")
    assert """'say "no"'""" in later.sql
