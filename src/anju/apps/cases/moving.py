"""How any step is taken: who may, from which state, the write itself, what is recorded of it. Every step goes through here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Q

from anju.apps.cases.models import Asked, Case, CaseEvent
from anju.apps.cases.ranks import Ranks, handlers_of, ranks_for
from anju.apps.cases.refusing import Refused, not_there, roles_that, titles_of, unless_any
from anju.apps.cases.rules import casework, closing_of, today
from anju.apps.cases.scope import cases_in_scope
from anju.apps.cases.standing import Key, count_moved, keys_of, settle_many
from anju.apps.cases.telling import Moved, tell_of_step
from anju.apps.journal.actions import record_many
from anju.core.casework.states import STATES, STEPS, Step
from anju.core.terms.viewer import Viewer

__all__ = [
    "MOST", "PLATFORM", "Taken", "begin", "begin_by_platform", "begin_many", "deciders", "enough", "finish", "finish_many", "handlers_of",
    "happened", "may_decide", "not_too_many", "one_at_a_time", "write", "write_many",
]  # fmt: skip
WORDS = 1_000
MOST = 1_000  # cases that one step is taken with at once
LOCK = 0x63617365  # any number, the same wherever cases are written
PLATFORM = Viewer(name="platform", role="platform")
"""Who is named where no person acted: a run, the calendar."""


@dataclass
class Taken:
    """A case that a step is being taken with: as it was, and as it is to be. `reason` where each of many has its own. `concerned`: accounts
    that are told what came of it, beside whoever has the case: who asked."""

    case: Case
    step: Step
    before: list[Key]
    state: str
    version: int
    waited: str  # whose move it was
    detail: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    concerned: frozenset[int] = frozenset()


def one_at_a_time() -> None:
    """Others who write cases wait until the transaction under way ends, so that they neither step on each other's counts nor lock in
    opposite order. Asked for before any row is read that is going to be written. On SQLite a transaction is alone by itself."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def begin(number: int, name: str, by: Viewer, *, seen: int | None = None) -> Taken:
    """The case, locked, where `by` may take the step with it now. `seen`: the version that stood on the page.

    Raises Refused for what lies outside the post as for what does not exist, and saying what is missing and who can do it."""
    return begin_many([number], name, by, seen={number: seen} if seen is not None else {})[0]


def begin_many(numbers: Sequence[int], name: str, by: Viewer, *, seen: Mapping[int, int] | None = None) -> list[Taken]:
    """The same for many at once: all of them or none. One query, whatever their number, and a few more where somebody stands in for a
    rank, or where any is refused."""
    step = STEPS[name]
    asked = sorted(set(numbers))
    if not any(by.can(act) for act in step.acts):
        raise _not_allowed(step)
    one_at_a_time()
    cases = list(cases_in_scope(by).select_for_update().filter(pk__in=asked).order_by("pk"))
    if len(cases) != len(asked):
        there = {case.pk for case in cases}
        raise not_there([number for number in asked if number not in there])
    found, refused = [], {}
    ranks, last = Ranks(cases), _Last(cases)
    for case in cases:
        try:
            _check(case, step, by, (seen or {}).get(case.pk), ranks, last)
        except Refused as one:
            refused[case.pk] = one
        found.append(Taken(case, step, keys_of(case), case.state, case.version, case.waits_on))
    unless_any(refused, len(asked))
    return found


def foresee(act: Callable[[], object]) -> Refused | None:
    """Why an act would be refused, None where it would be done. It is tried, and all of it is taken back."""
    try:
        with transaction.atomic():
            act()
            raise _Undone
    except _Undone:
        return None
    except Refused as refused:
        return refused


class _Undone(Exception):  # noqa: N818 - nothing is wrong
    """What was tried is taken back."""


def begin_by_platform(case: Case, name: str) -> Taken:
    """For what no person does: a run, the calendar."""
    return Taken(case, STEPS[name], keys_of(case), case.state, case.version, case.waits_on)


def finish(
    taken: Taken, *, by: Viewer, at: datetime, reason: str = "", what: str = "", detail: Mapping[str, Any] | None = None, looks: bool = False
) -> Case:
    return finish_many([taken], by=by, at=at, reason=reason, what=what, detail=detail, looks=looks)[0]


def finish_many(
    taken: Sequence[Taken], *, by: Viewer, at: datetime, reason: str = "", what: str = "", detail: Mapping[str, Any] | None = None,
    looks: bool = False,
) -> list[Case]:  # fmt: skip
    """Writes cases as the caller has changed them, with the state that the step leads to, an event and a line of the journal each, and
    tells whoever is to act next. `looks`: the caller looks at the gate at once, and tells of that.

    Raises Refused where somebody else has written one meanwhile."""
    if not taken:
        return []
    day = today()
    for each in taken:
        each.case.state = each.step.to or each.case.state
        each.case.version = each.version + 1
    settle_many([each.case for each in taken], day)
    write_many([(each.case, each.version) for each in taken])
    events, lines = [], []
    for each in taken:
        case, name = each.case, what or each.step.name
        kept = {**each.detail, **(detail or {})}
        events.append(
            CaseEvent(
                case=case, what=name, before=each.state, after=case.state, day=day, at=at, who=by.name, account=by.account, role=by.role,
                reason=(each.reason or reason).strip()[:WORDS], detail=kept,
            )
        )  # fmt: skip
        lines.append((f"cases.{name}", f"case:{case.pk}", _plain(kept)))
    CaseEvent.objects.bulk_create(events, 1_000)
    record_many(lines, by=by, at=at)
    count_moved([key for each in taken for key in each.before], [key for each in taken for key in keys_of(each.case)])
    if not looks:
        moved = [Moved(each.case, each.waited, each.concerned) for each in taken]
        tell_of_step(moved, what or taken[0].step.name, by=by, at=at)
    return [each.case for each in taken]


def write(case: Case, version: int) -> None:
    """One row, where it is still as it was read."""
    values = {field.attname: getattr(case, field.attname) for field in Case._meta.concrete_fields if not field.primary_key}
    if not Case.objects.filter(pk=case.pk, version=version).update(**values):
        raise _faster(case.pk)


def write_many(cases: Sequence[tuple[Case, int]]) -> None:
    """The same for many, each with the version it had: one statement sent once for all of them."""
    if len(cases) == 1:
        write(*cases[0])
        return
    fields = [field for field in Case._meta.concrete_fields if not field.primary_key]
    rows = [
        [*(field.get_db_prep_save(getattr(case, field.attname), connection) for field in fields), case.pk, version] for case, version in cases
    ]
    quoted = connection.ops.quote_name
    sets = ", ".join(f"{quoted(str(field.column))} = %s" for field in fields)
    with connection.cursor() as cursor:
        table = quoted(Case._meta.db_table)
        cursor.executemany(f"UPDATE {table} SET {sets} WHERE {quoted('id')} = %s AND {quoted('version')} = %s", rows)  # noqa: S608
        written = cursor.rowcount
    if written != len(cases):
        new = {case.pk: case.version for case, _ in cases}
        for first in range(0, len(new), 1_000):
            some = list(new)[first : first + 1_000]
            for key, version in Case.objects.filter(pk__in=some).order_by("pk").values_list("pk", "version"):
                if version != new[key]:
                    raise _faster(key)
        raise _faster(cases[0][0].pk)


def _faster(number: int) -> Refused:
    return Refused(f"somebody else was faster with case No. {number}: load the page again", f"编号 {number} 已被他人先行处理：请刷新页面")


def happened(
    cases: Iterable[Case], what: str, *, at: datetime, by: Viewer = PLATFORM, reason: str = "", detail: Mapping[str, Any] | None = None
) -> None:
    """Events without a step: what a run saw, who was told."""
    day = today()
    CaseEvent.objects.bulk_create(
        [
            CaseEvent(
                case=case, what=what, before=case.state, after=case.state, day=day, at=at, who=by.name, account=by.account, role=by.role,
                reason=reason[:WORDS], detail=dict(detail or {}),
            )
            for case in cases
        ],
        1_000,
    )  # fmt: skip


def not_too_many(numbers: Sequence[int]) -> Sequence[int]:
    """Those numbers, where there are any and one step takes so many."""
    if not numbers:
        raise Refused("nothing is chosen: tick the cases first", "未选择事项：请先勾选")
    if len(numbers) > MOST:
        raise Refused(f"{len(numbers)} cases are too many at once: at most {MOST}", f"一次最多处理 {MOST} 件，当前 {len(numbers)} 件")
    return numbers


def enough(text: str, least: int, en: str, zh: str) -> str:
    """What somebody must write. Raises Refused saying what is asked for."""
    found = " ".join(text.split())
    if len(found) < least:
        raise Refused(f"{en}: say it in a few words", f"{zh}：请简要说明")
    return found[:WORDS]


# --- refusals ------------------------------------------------------------------------------------------------------------


class _Last:
    """Who was at these cases last: read once for all of them, when the first is refused."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self._keys = [case.pk for case in cases]

    def anybody(self, case: Case) -> str:
        return self._found.get(case.pk, ("", ""))[0]

    def person(self, case: Case) -> str:
        return self._found.get(case.pk, ("", ""))[1]

    @cached_property
    def _found(self) -> dict[int, tuple[str, str]]:
        found: dict[int, tuple[str, str]] = {}
        for first in range(0, len(self._keys), MOST):
            events = CaseEvent.objects.filter(case__in=self._keys[first : first + MOST]).values("case_id")
            latest = list(
                events.annotate(last=Max("pk"), person=Max("pk", filter=Q(account__isnull=False))).values_list("case_id", "last", "person")
            )
            keys = {key for _case, last, person in latest for key in (last, person) if key is not None}
            who = dict(CaseEvent.objects.filter(pk__in=keys).values_list("pk", "who"))
            found |= {case: (who.get(last, ""), who.get(person, "")) for case, last, person in latest}
        return found


def _check(case: Case, step: Step, by: Viewer, seen: int | None, ranks: Ranks, last: _Last) -> None:
    if seen is not None and seen != case.version:
        who = last.anybody(case)
        raise Refused(
            f"case No. {case.pk} has changed since you opened it ({who}): load the page again and look before you decide",
            f"编号 {case.pk} 在您打开页面后已有变动（{who}）：请刷新后再决定",
        )
    if case.state not in step.sources:
        raise _wrong_state(case, step, last.person(case))
    if step.by_level:
        roles = deciders(case, step)
        if not may_decide(case, step, by, ranks):
            told = titles_of(roles)
            raise Refused(
                f"a {case.level} case is not for your post to {step.title.en.lower()}: {told.en} can do it",
                f"{LEVEL_ZH.get(case.level, case.level)}事项不由您的岗位{step.title.zh}：可由 {told.zh} 办理",
            )


LEVEL_ZH = {"red": "红色", "orange": "橙色", "yellow": "黄色", "blue": "蓝色"}


def deciders(case: Case, step: Step) -> tuple[str, ...]:
    """The ranks that the level asks for; where nobody is free in any of them, whoever stands in may too (`may_decide`)."""
    return casework().judge.get(case.level, ()) if step.by_level == "judge" else closing_of(case.level).approvals


ASKED_FOR = {"confirm_end": Asked.END, "grant_extension": Asked.EXTENSION, "grant_exception": Asked.EXCEPTION}
"""Steps that are a second person's word on what one asked for."""


def may_decide(case: Case, step: Step, by: Viewer, ranks: Ranks | None = None) -> bool:
    """`ranks`: of many cases, read for all. Who has asked is as little free to decide as who had it in hand."""
    roles = deciders(case, step)
    if by.role in roles:
        return True
    if by.role not in casework().standing_in.values():
        return False
    found = ranks or Ranks([case])
    if step.name == "close" and ranks_for(case, by, found):
        return True
    kind = ASKED_FOR.get(step.name)
    askers = {one.asked_account for one in found.asked(case) if one.kind == kind and one.asked_account is not None} if kind else set()
    return found.stands_in(by.role, roles, case, found.handlers(case) | askers)


def _not_allowed(step: Step) -> Refused:
    told = roles_that(*step.acts)
    return Refused(
        f"the post you act in may not {step.title.en.lower()}: {told.en} can do it", f"您当前岗位不能“{step.title.zh}”：可由 {told.zh} 办理"
    )  # fmt: skip


def _wrong_state(case: Case, step: Step, who: str) -> Refused:
    now = STATES[case.state]
    first = " / ".join(sorted(STATES[state].en.lower() for state in step.sources))
    first_zh = "、".join(sorted(STATES[state].zh for state in step.sources))
    return Refused(
        f"case No. {case.pk} is {now.en.lower()}{f' (last: {who})' if who else ''}: to {step.title.en.lower()} it must be {first}",
        f"编号 {case.pk} 当前为“{now.zh}”{f'（最近经手：{who}）' if who else ''}：“{step.title.zh}”须在 {first_zh} 时办理",
    )


def _plain(detail: Mapping[str, Any]) -> dict[str, str | int | bool | None]:
    return {key: value for key, value in detail.items() if value is None or isinstance(value, str | int | bool)}
