"""What the platform knows of a family, for the comparison of data and for the end of its risk: values handed on to the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from anju.apps.findings.models import Run
from anju.apps.findings.need_to_know import may_know
from anju.apps.people.models import Household
from anju.core.casework.elimination import Facts
from anju.core.standards.meaning.judge import Judge
from anju.core.terms.money import format_money
from anju.core.terms.viewer import Viewer
from anju.lake.answers import answers_of_household, lights_of_household
from anju.lake.families import DOES_NOT_APPLY, IN_PLACE, NOT_IN_PLACE, NOT_KNOWN
from anju.web.layout.current import answers_folder, dossier, policy, programme

INCOME, BEFORE, LINE, STANDARD = "income", "income_half_year_before", "income_line", "MW-02"
ANSWERS = {NOT_IN_PLACE: "breached", NOT_KNOWN: "unknown", IN_PLACE: "met", DOES_NOT_APPLY: "not_applicable", None: "not_applicable"}


@dataclass(frozen=True, slots=True)
class Known:
    """One row of the table. `state`: '' for a plain value, else in place, not in place, not known."""

    title: Any
    shown: Any
    state: str = ""


def facts_of(run: Run | None, home: Household) -> Facts:
    """What the current run knows; None wherever it knows nothing."""
    if run is None:
        return Facts()
    row = lights_of_household(answers_folder(run), home.place.path, home.pk)
    lights = {one.name: (one.title, ANSWERS[row.get(f"light:{one.name}")]) for one in programme().guarantees} if row else None
    judge = _judge(run, home)
    if judge is None:
        return Facts(lights=lights)
    (now, line), (before, line_before) = (_income(judge, home.pk, feature) for feature in (INCOME, BEFORE))
    return Facts(
        income=now, line=line, income_before=before, line_before=line_before, falling=_falling(judge, home.pk),
        rigid_share=_share(judge, home.pk), lights=lights, labour=_value(judge, home.pk, "labour_members"),
    )  # fmt: skip


def _judge(run: Run, home: Household) -> Judge | None:
    opened = dossier(run)
    judge = opened.judge([home.pk]) if opened is not None else None
    return judge if judge is not None and judge.subjects.knows("household", home.pk) else None


def _value(judge: Judge, key: int, feature: str, column: str | None = None) -> Any:
    known = ("household", feature) in policy().features
    return judge.values.fact("household", key, feature, column).value if known else None


def _income(judge: Judge, key: int, feature: str) -> tuple[int | None, int | None]:
    """Per head, and the line of the day it speaks of, in fen."""
    found = judge.values.row("household", key, feature) if ("household", feature) in policy().features else None
    day: date | None = found[1].get("valid") if found is not None else None
    if day is None:
        return None, None
    return _value(judge, key, feature, "per_capita_net"), judge.values.param(LINE, (), day, judge.subjects.area("household", key))


def _falling(judge: Judge, key: int) -> bool | None:
    standard = policy().standards.get(STANDARD)
    version = standard.version_on(judge.day) if standard is not None else None
    when = next((breach.when for breach in version.breaches if breach.name == "falling"), None) if version is not None else None
    held: bool | None = judge.values.evaluator("household", key).value(when) if when is not None else None
    return held


def _share(judge: Judge, key: int) -> int | None:
    """Necessary costs in hundredths of the yearly income, rounded up, so that it is never made smaller than it is."""
    cost, income = _value(judge, key, INCOME, "rigid_expense"), _value(judge, key, "yearly_income")
    return -(-100 * int(cost) // int(income)) if cost is not None and income else None


def compared(viewer: Viewer, run: Run | None, home: Household, facts: Facts) -> list[Known]:
    """The comparison of data, a row for each thing; what is not known is said to be so."""
    if run is None:
        return []
    rows = [
        Known(_("Income a head and year"), _against(facts.income, facts.line)),
        Known(_("The same half a year before"), _against(facts.income_before, facts.line_before)),
        Known(_("Necessary costs, of the yearly income"), f"{facts.rigid_share} %" if facts.rigid_share is not None else ""),
        Known(_("Members able to work"), str(facts.labour) if facts.labour is not None else ""),
        Known(_("Registered as poor before"), {True: _("yes"), False: _("no"), None: ""}[home.is_registered_poor]),
    ]
    rows += [Known(title, "", answer) for title, answer in (facts.lights or {}).values() if answer != "not_applicable"]
    return rows + _broken(viewer, run, home)


def _broken(viewer: Viewer, run: Run, home: Household) -> list[Known]:
    """Standards that are not met, each once; one whose facts are for few is not named."""
    found: dict[str, Known] = {}
    for one in answers_of_household(answers_folder(run), policy(), home.place.path, home.pk):
        standard = policy().standards[one.standard]
        if one.answer == "breached" and may_know(viewer, standard, run.day):
            found[one.standard] = Known(standard.title, "", "breached")
    return list(found.values())


def _against(amount: int | None, line: int | None) -> str:
    if amount is None:
        return ""
    shown: Mapping[str, str] = {"amount": format_money(amount), "line": format_money(line) if line is not None else "–"}
    return _("%(amount)s yuan, line %(line)s yuan") % shown
