"""Every step of a case × every role × level, inside the places and departments of a post and outside: as the table of permissions says."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.db import transaction

from anju.apps.cases.models import Case, LookBack
from anju.apps.cases.ranks import roles_for
from anju.apps.cases.refusing import Refused
from anju.apps.staff.permissions import ROLES
from anju.core.casework.states import STEPS
from anju.core.terms.levels import RANK
from anju.core.terms.viewer import Viewer
from apps.cases.conftest import Loop
from apps.cases.walking import DO, Watched

TAKES = {"confirm_end": "decide_end", "grant_extension": "decide_extension", "grant_exception": "decide_exception"}
BY_PERSON = [name for name, step in STEPS.items() if step.acts]
REFUSED, NOWHERE = ("may not", "is not for your post", "is closed by"), "there is no case"


def of_role(loop: Loop, role: str, *, place: str = "P", department: str = "education") -> Viewer:
    departments = frozenset([department]) if ROLES[role].of_department else frozenset()
    return Viewer(role, role, (loop.place[place].path,), departments, (), ROLES[role].may, 9_000)


def said(loop: Loop, name: str, viewer: Viewer, number: int) -> str:
    """What the step answers, taken back at once; '' where it was taken."""
    loop.cast["somebody"] = viewer
    loop.accounts["somebody"] = 9_000
    watched = Watched(loop, random.Random(1))
    try:
        with transaction.atomic():
            DO[TAKES.get(name, name)](watched, number, "somebody")
            transaction.set_rollback(True)
    except Refused as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize("name", BY_PERSON)
def test_who_may_take_a_step(loop: Loop, name: str) -> None:
    step = STEPS[name]
    for level in ("red", "orange", "yellow") if step.by_level else ("yellow",):
        case = loop.told(level="yellow")
        state = sorted(step.sources)[0]
        Case.objects.filter(pk=case.pk).update(
            state=state, level=level, rank=RANK[level], assignee=loop.accounts["worker"] if state != "alerted" else None,
            handle_due=loop.day + timedelta(days=30),
        )  # fmt: skip
        LookBack.objects.all().delete()
        LookBack.objects.create(case=case, due_on=loop.day, path=case.path)
        may = roles_for(step, level)
        assert may, f"nobody may {name} a {level} case"
        for role in ROLES:
            found = said(loop, name, of_role(loop, role), case.pk)
            refused = found.startswith(NOWHERE) or any(word in found for word in REFUSED)
            assert refused == (role not in may), f"{role} to {name} a {level} case: {found or 'taken'}"
            assert role in may or not found.startswith(NOWHERE) or not any(ROLES[role].may & {act} for act in step.acts), found
            outside = said(loop, name, of_role(loop, role, place="U2"), case.pk)
            never = said(loop, name, of_role(loop, role, place="U2"), case.pk + 10_000)
            assert outside, f"{role} outside may {name}"
            assert outside.replace(str(case.pk), "N") == never.replace(str(case.pk + 10_000), "N") or name == "look_back"
            if ROLES[role].of_department and role in may:
                assert said(loop, name, of_role(loop, role, department="water"), case.pk).startswith(NOWHERE)


def test_every_step_of_a_person_is_tried() -> None:
    assert {TAKES.get(name, name) for name in BY_PERSON} <= set(DO)
