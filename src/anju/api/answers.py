"""What the current run says of a family and its members: its lights, and each standard's answer as far as the post may know it."""

from __future__ import annotations

from typing import Any, Literal

import pyarrow.parquet as pq
from ninja import Field, Schema

from anju.api.shapes import Both, Level, both
from anju.apps.findings.current import answers_folder, policy, programme
from anju.apps.findings.models import Run
from anju.apps.findings.need_to_know import may_know
from anju.apps.people.models import Household
from anju.core.terms.viewer import Viewer
from anju.lake.answers import answers_of_household
from anju.lake.families import DOES_NOT_APPLY, IN_PLACE, NOT_IN_PLACE, NOT_KNOWN

STATES = {NOT_IN_PLACE: "breached", NOT_KNOWN: "unknown", IN_PLACE: "met", DOES_NOT_APPLY: "not_applicable", None: "not_applicable"}


class AnswerOut(Schema):
    standard: str
    title: Both
    subject: str
    subject_id: int
    answer: Literal["met", "breached", "unknown", "not_applicable"]
    level: Level | None
    breach: str | None
    breach_title: Both | None
    at_least: bool = Field(description="Something graver cannot be judged.")
    told: bool = Field(description="False where the facts are for posts that need to know them: then level and breach are left out.")


def lights_of(run: Run | None, home: Household) -> list[dict[str, Any]]:
    file = answers_folder(run) / "families.parquet" if run is not None else None
    if file is None or not file.exists():
        return []
    rows = pq.read_table(file, filters=[("path", "=", home.place.path), ("household_id", "=", home.pk)]).to_pylist()
    row = rows[0] if rows else {}
    return [
        {"guarantee": one.name, "title": both(one.title), "state": STATES.get(row.get(f"light:{one.name}"), "not_applicable")}
        for one in programme().guarantees
    ]


def answers_about(viewer: Viewer, run: Run | None, home: Household) -> list[dict[str, Any]]:
    """In the order of the standards' codes. Who may not know sees the answer, as the light shows it, and no more."""
    found: list[dict[str, Any]] = []
    for given in answers_of_household(answers_folder(run), policy(), home.place.path, home.pk) if run is not None else ():
        standard = policy().standards[given.standard]
        version = standard.version_on(run.day) if run is not None else None
        if run is None or version is None:
            continue
        told = may_know(viewer, standard, run.day)
        breach = version.breaches[given.breach] if given.breach is not None and told else None
        found.append(
            {
                "standard": given.standard,
                "title": both(standard.title),
                "subject": given.subject,
                "subject_id": given.subject_id,
                "answer": given.answer,
                "level": breach.level if breach else None,
                "breach": breach.name if breach else None,
                "breach_title": both(breach.title) if breach else None,
                "at_least": given.at_least and told,
                "told": told,
            }  # fmt: skip
        )
    return found
