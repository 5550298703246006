"""Every act of every app writes exactly one line of the journal: the acts are found in the code, and each is performed."""

from __future__ import annotations

import importlib
import inspect
import io
import pkgutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from openpyxl import Workbook

from alerts_fixtures import BUREAU, dropped, one, places, rules
from anju import apps
from anju.apps.alerts import actions as alerts
from anju.apps.alerts.models import Episode, Hold
from anju.apps.attachments.actions import store_attachment, withdraw_attachment
from anju.apps.calendar.actions import load_year
from anju.apps.calendar.reading import judge_list
from anju.apps.discovery import actions as discovery
from anju.apps.findings.actions import start_run
from anju.apps.journal.models import Line
from anju.apps.notices.actions import notify, settle_message
from anju.apps.notices.channels import add_channel, remove_channel, send_test, switch_channel, verify_channel
from anju.apps.notices.models import Channel, Message
from anju.apps.people.importing import import_people
from anju.apps.people.models import Household, Membership, Person, Phone
from anju.apps.people.phones import drop_phone, note_phones
from anju.apps.people.vault import FileVault, Sealer, ensure_keys
from anju.apps.places.actions import import_official_list, import_scope_places
from anju.apps.places.models import Place, Succession
from anju.apps.places.succession import confirm_succession, import_successions, reject_succession
from anju.apps.staff import actions as staff
from anju.apps.staff.factors import (
    STEP,
    confirm_second_factor,
    drop_second_factor,
    offer_second_factor,
    renew_recovery_codes,
)
from anju.apps.staff.importing import import_staff
from anju.apps.staff.models import Account, SecondFactor
from anju.apps.staff.queries import viewer_of
from anju.apps.staff.sessions import end_session, note_sign_in
from anju.apps.visits import actions as visits
from anju.apps.visits import keeping
from anju.apps.visits.placeholders import placeholders
from anju.core.contracts.programme import read_programme
from anju.core.contracts.read import read_contracts
from anju.core.terms.viewer import Viewer
from anju.web.office.details import DETAILS
from apps.attachments.files import PAPER
from apps.cases.conftest import Loop, loop
from apps.cases.lines import LINES

__all__ = ["loop", "one", "places", "rules"]
pytestmark = pytest.mark.django_db
AT = datetime(2023, 9, 26, 12, tzinfo=UTC)
CLERK = Viewer("clerk", account=7)
ROBOT = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abcd1234"
WHO: dict[str, Any] = {"by": "clerk", "at": AT}
TRIED_ELSEWHERE = (  # with files, processes, or a whole procedure of their own
    "anju.apps.journal", "anju.apps.feeds", "anju.apps.backup", "anju.apps.monitoring",
)  # fmt: skip
NO_LINE = {"anju.apps.alerts.actions.mark_look", "anju.apps.cases.steps.reading.mark_look"}  # where one stopped reading is nobody's business
PARTS = ("anju.apps.cases.moving", "anju.apps.cases.telling", "anju.apps.cases.steps.watching")  # what steps of cases are made of
# of a step, or of a visit, that has its line
WITHIN = {f"anju.apps.cases.steps.{name}" for name in ("ending.propose", "verifying.note_visit", "visiting.visited")}
OF_A_TOWN = {"anju.apps.alerts.actions.move_household", "anju.apps.cases.judging_again.judge_again"}  # tried in test_household_now


def acts() -> Iterator[str]:
    """The public functions that are told by whom and when."""
    for info in pkgutil.walk_packages(apps.__path__, f"{apps.__name__}."):
        if ".migrations" in info.name or info.name.startswith((*TRIED_ELSEWHERE, *PARTS)):
            continue
        module = importlib.import_module(info.name)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            told = {p.name for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY}
            if function.__module__ == info.name and not name.startswith("_") and {"by", "at"} <= told:
                yield f"{info.name}.{name}"


ACTS = sorted(set(acts()) - NO_LINE - WITHIN - OF_A_TOWN)


class World:
    """What the examples begin with. Each is tried in a world of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        unit = Place.objects.create(id=901, tree="scope", level="unit", code="U9", name="U9", path="/901/")
        self.place = Place.objects.create(id=902, tree="scope", level="community", code="C9", name="C9", parent=unit, path="/901/902/")

    def file(self, name: str, *rows: str) -> Path:
        path = self.folder / name
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
        return path

    def account(self, name: str = "luo", role: str = "cadre") -> Any:
        account = staff.open_account(username=name, display_name=name, password=None, **WHO)
        staff.give_post(account=account, role=role, place=self.place, **WHO)
        return account


def guess(world: World) -> None:
    Succession.objects.create(kind="place", from_key="522301108", to_key="522301010", on=AT.date(), how="renamed", doubtful=True)


# each prepares its world and answers the act itself, which is then done between two counts of the lines
Example = Callable[[World], Callable[[], object]]


def give(world: World) -> Callable[[], object]:
    account = world.account()
    return lambda: staff.give_post(account=account, role="grid_worker", place=world.place, **WHO)


def end(world: World) -> Callable[[], object]:
    post = world.account().posts.get()
    return lambda: staff.end_post(post=post, **WHO)


def token(world: World) -> Callable[[], object]:
    post = world.account().posts.get()
    return lambda: staff.make_token(post=post, name="nightly export", days=30, **WHO)


def revoke(world: World) -> Callable[[], object]:
    made = token(world)()
    assert isinstance(made, tuple)
    return lambda: staff.revoke_token(token=made[0], **WHO)


def confirm(world: World) -> Callable[[], object]:
    account = world.account()
    secret = offer_second_factor(account=account, vault=FileVault(), at=AT)
    return lambda: confirm_second_factor(account=account, code=secret.code(int(AT.timestamp()) // STEP), vault=FileVault(), **WHO)


def with_app(act: Callable[..., object], **made: Callable[[], object]) -> Example:
    def example(world: World) -> Callable[[], object]:
        confirm(world)()
        return lambda: act(account=Account.objects.get(), **{name: make() for name, make in made.items()}, **WHO)

    return example


def session(world: World) -> Callable[[], object]:
    account = world.account()
    made = note_sign_in(account=account, session_key="k", device="d", address="a", **WHO)
    return lambda: end_session(account=account, key=made.pk, **WHO)


def hand_over(world: World) -> Callable[[], object]:
    account, to = world.account(), world.account("wei", "grid_worker")
    return lambda: staff.hand_over(account=account, to=to, **WHO)


def of_account(act: Callable[..., object], *, locked: bool = False, factor: bool = False) -> Example:
    def example(world: World) -> Callable[[], object]:
        account = world.account()
        account.is_active = not locked
        account.save()
        if factor:
            SecondFactor.objects.create(account=account, sealed=b"x", started_at=AT, confirmed_at=AT)
        return lambda: act(account=account, **WHO)

    return example


def a_list(world: World) -> Callable[[], object]:
    head = "username,display_name,role,place_level,place_code"
    path = world.file("staff.csv", head, *(f"w{n},W,grid_worker,community,C9" for n in range(50)))
    return lambda: import_staff(path, **WHO)


def scope(world: World) -> Callable[[], object]:
    path = world.file("places.csv", "level,code,name,parent_code", "unit,U1,义龙,", "street,S1,木贾,U1", "community,C1,新城,S1")
    return lambda: import_scope_places(path, programme_code="P", programme_name="programme", **WHO)


def official(world: World) -> Callable[[], object]:
    path = world.file("list.csv", "level,code,name,parent_code", "county,522301,兴义市,5223", "town,522301108,马岭镇,522301")
    return lambda: import_official_list(path, vintage=date(2017, 10, 31), **WHO)


def became(world: World) -> Callable[[], object]:
    official(world)()
    path = world.file("became.csv", "from,to,how,on", "522301009,522301108,renamed,2017-01-01")
    return lambda: import_successions(path, **WHO)


def attach(world: World) -> Any:
    return store_attachment(about="case:1", name="a.pdf", content=io.BytesIO(PAPER), vault=FileVault(), by=Viewer("clerk"), at=AT)


def channel(proved: bool = False) -> Channel:
    made = add_channel(kind="wecom", address=ROBOT, sealer=Sealer(ensure_keys()), by=CLERK, at=AT)
    Channel.objects.filter(pk=made.pk).update(verified_at=AT if proved else None)
    Message.objects.update(state="sent")
    return made


def doubtful(came: bool) -> Callable[[], object]:
    channel(proved=True)
    notify(account=7, what="case.assigned", number="C-1", link="/cases/1/", key="1", at=AT)
    Message.objects.update(state="uncertain")
    by = Viewer("clerk", may=frozenset({"accounts.manage"}))
    return lambda: settle_message(message=Message.objects.order_by("-pk")[0].pk, came=came, by=by, at=AT)


def people(world: World) -> Callable[[], object]:
    programme = read_programme(Path(settings.POLICY))[0]
    contracts = read_contracts(Path(settings.POLICY))[0]
    rows = [f"H{n},C9,2019-02-20,2" for n in range(50)]
    path = world.file("households.csv", "household_code,dest_community_code,move_in_date,member_count", *rows)
    assert programme is not None
    return lambda: import_people([path], contracts=contracts, programme=programme, **WHO)


def plans(world: World) -> tuple[Any, int]:
    """A viewer who plans and records, and a visit planned for her at a family of hers."""
    account = world.account("clerk", "first_secretary")
    Household.objects.create(id=900, household_code="H900", place=world.place, valid_from=AT.date(), known_from=AT)
    by = viewer_of(account, AT.date())
    visit = visits.plan_visit(household_id=900, purpose="routine", due_on=AT.date(), assignee=account.pk, by=by, at=AT)
    return by, visit.pk


def of_visit(act: Callable[[Any, int], object]) -> Example:
    return lambda world: (lambda made: lambda: act(*made))(plans(world))


def seen(**more: Any) -> visits.Seen:
    return visits.Seen(made_on=AT.date(), mode="door", met=True, **more)


def receiver(world: World) -> int:
    return int(world.account("wei", "grid_worker").pk)


def report(by: Any, **more: Any) -> Any:
    told: dict[str, Any] = {"channel": "declared", "words": "the roof leaks", "prefix": "T", "household_id": 900}
    return discovery.report_trouble(**{**told, **more}, by=by, at=AT)


def hand(world: World) -> Callable[[], object]:
    by, _visit = plans(world)
    to = receiver(world)
    return lambda: visits.hand_over(leaving=by.account, to=to, by=by, at=AT)


def reassign(world: World) -> Callable[[], object]:
    by, visit = plans(world)
    to = receiver(world)
    return lambda: visits.reassign_visits(visits=[visit], to=to, by=by, at=AT)


def of_report(act: Callable[[Any, str], object]) -> Example:
    def example(world: World) -> Callable[[], object]:
        by, _visit = plans(world)
        receipt = report(by).receipt
        return lambda: act(by, receipt)

    return example


def second_word(world: World) -> Callable[[], object]:
    by, _visit = plans(world)
    first = viewer_of(world.account("wei", "first_secretary"), AT.date())
    receipt = report(by).receipt
    discovery.decline(receipt=receipt, reason="told twice", by=first, at=AT)
    return lambda: discovery.agree_to_decline(receipt=receipt, agree=True, by=by, at=AT)


def hotline(world: World) -> Callable[[], object]:
    by, _visit = plans(world)
    rows = [discovery.Request(f"R{n}", "water", 900, None, AT) for n in range(3)]
    return lambda: discovery.take_over_requests(requests=rows, prefix="T", categories={}, owners={}, by=by, at=AT)


def sent_in(world: World) -> tuple[Any, Callable[[], Any]]:
    by = viewer_of(world.account("clerk", "data_steward"), AT.date())
    book, file = Workbook(), io.BytesIO()
    book.active["A1"] = "{{visit.day}}"  # type: ignore[index]
    book.save(file)
    return by, lambda: keeping.keep_form(name="a.xlsx", content=file.getvalue(), known=placeholders({}), by=by, at=AT)[0]


def ended(world: World) -> Callable[[], object]:
    by, send = sent_in(world)
    form = send().pk
    return lambda: keeping.end_form(form=form, by=by, at=AT)


def phoned(world: World) -> tuple[Any, Callable[[], object]]:
    by, _visit = plans(world)
    person = Person.objects.create(id=955, name="a", valid_from=AT.date(), known_from=AT)
    Membership.objects.create(id=955, person=person, household_id=900, start=AT.date(), known_from=AT)
    return by, lambda: note_phones(numbers=[(955, "10000000001")], by=by, at=AT)


def dropped_phone(world: World) -> Callable[[], object]:
    by, note = phoned(world)
    note()
    return lambda: drop_phone(phone=Phone.objects.get().pk, by=by, at=AT)


PLACES, STAFF, VISITS, DISCOVERY = "anju.apps.places", "anju.apps.staff", "anju.apps.visits.actions", "anju.apps.discovery.actions"
EXAMPLES: dict[str, Example] = {
    f"{PLACES}.actions.import_scope_places": scope,
    f"{PLACES}.official.import_official_list": official,
    f"{PLACES}.succession.import_successions": became,
    f"{PLACES}.succession.confirm_succession": lambda w: (guess(w), lambda: confirm_succession("522301108", "522301010", **WHO))[1],
    f"{PLACES}.succession.reject_succession": lambda w: (guess(w), lambda: reject_succession("522301108", "522301010", **WHO))[1],
    f"{STAFF}.actions.open_account": lambda w: lambda: staff.open_account(username="wei", display_name="韦", password="ten letters", **WHO),
    f"{STAFF}.actions.give_post": give,
    f"{STAFF}.actions.end_post": end,
    f"{STAFF}.actions.hand_over": hand_over,
    f"{STAFF}.actions.set_first_password": of_account(staff.set_first_password),
    f"{STAFF}.actions.lock_account": of_account(staff.lock_account),
    f"{STAFF}.actions.unlock_account": of_account(staff.unlock_account, locked=True),
    f"{STAFF}.actions.end_all_sessions": of_account(staff.end_all_sessions),
    f"{STAFF}.actions.reset_second_factor": of_account(staff.reset_second_factor, factor=True),
    f"{STAFF}.importing.import_staff": a_list,
    "anju.apps.calendar.actions.load_year": lambda world: lambda: load_year(judge_list([(2, ("2030-02-04", "off", "W"))]), **WHO),
    f"{STAFF}.factors.confirm_second_factor": confirm,
    f"{STAFF}.factors.renew_recovery_codes": with_app(renew_recovery_codes, vault=FileVault),
    f"{STAFF}.factors.drop_second_factor": with_app(drop_second_factor),
    f"{STAFF}.sessions.note_sign_in": lambda w: (
        lambda account: lambda: note_sign_in(account=account, session_key="k", device="d", address="a", **WHO)
    )(w.account()),
    f"{STAFF}.sessions.end_session": session,
    f"{STAFF}.actions.make_token": token,
    f"{STAFF}.actions.revoke_token": revoke,
    "anju.apps.people.importing.import_people": people,
    "anju.apps.attachments.actions.store_attachment": lambda w: lambda: attach(w),
    "anju.apps.notices.channels.add_channel": lambda w: channel,
    "anju.apps.notices.channels.send_test": lambda w: (lambda c: lambda: send_test(channel=c.pk, by=CLERK, at=AT))(channel()),
    "anju.apps.notices.channels.verify_channel": lambda w: (lambda c: lambda: verify_channel(channel=c.pk, code=c.code, by=CLERK, at=AT))(
        channel()
    ),
    "anju.apps.notices.channels.switch_channel": lambda w: (lambda c: lambda: switch_channel(channel=c.pk, on=False, by=CLERK, at=AT))(
        channel()
    ),
    "anju.apps.notices.channels.remove_channel": lambda w: (lambda c: lambda: remove_channel(channel=c.pk, by=CLERK, at=AT))(channel()),
    "anju.apps.notices.actions.settle_message": lambda w: doubtful(came=False),
    "anju.apps.attachments.actions.withdraw_attachment": lambda w: (
        lambda key: lambda: withdraw_attachment(attachment=key, reason="blurred", by=Viewer("clerk"), at=AT)
    )(attach(w).pk),
    f"{VISITS}.plan_visit": of_visit(lambda by, _: visits.plan_visit(household_id=900, purpose="verify", due_on=AT.date(), by=by, at=AT)),
    f"{VISITS}.plan_visits": of_visit(lambda by, _: visits.plan_visits(households=[900], purpose="verify", due_on=AT.date(), by=by, at=AT)),
    f"{VISITS}.record_visit": of_visit(
        lambda by, visit: visits.record_visit(seen=seen(), questions={}, client_key="k" * 16, visit=visit, by=by, at=AT)
    ),
    f"{VISITS}.miss_visit": of_visit(lambda by, visit: visits.miss_visit(visit=visit, reason="heavy rain", by=by, at=AT)),
    f"{VISITS}.drop_visit": of_visit(lambda by, visit: visits.drop_visit(visit=visit, reason="moved on", by=by, at=AT)),
    f"{VISITS}.reassign_visits": reassign,
    f"{VISITS}.hand_over": hand,
    "anju.apps.visits.keeping.keep_form": lambda world: sent_in(world)[1],
    "anju.apps.visits.keeping.end_form": ended,
    "anju.apps.people.phones.note_phones": lambda world: phoned(world)[1],
    "anju.apps.people.phones.drop_phone": dropped_phone,
    f"{DISCOVERY}.report_trouble": lambda w: (lambda by: lambda: report(by))(plans(w)[0]),
    f"{DISCOVERY}.take_up": of_report(lambda by, receipt: discovery.take_up(receipt=receipt, taken_up_as="case:1", by=by, at=AT)),
    f"{DISCOVERY}.decline": of_report(lambda by, receipt: discovery.decline(receipt=receipt, reason="told twice", by=by, at=AT)),
    f"{DISCOVERY}.agree_to_decline": second_word,
    f"{DISCOVERY}.take_over_requests": hotline,
}
JUDGED: dict[str, Callable[[Any], Callable[[], object]]] = {
    "anju.apps.findings.actions.start_run": lambda one: (
        lambda: start_run(one.policy, date(2023, 9, 27), AT, "r", "m", by="luo", at=AT)
    ),
    "anju.apps.alerts.actions.acknowledge": lambda one: (
        lambda: alerts.acknowledge(numbers=[Episode.objects.get().pk], by=BUREAU, at=AT, comment="called")
    ),
    "anju.apps.alerts.actions.mute": lambda one: lambda: mute(one),
    "anju.apps.alerts.actions.unmute": lambda one: (
        lambda key: lambda: alerts.unmute(one.policy, one.data, key=key, by=BUREAU, at=AT)
    )(mute(one)),
    "anju.apps.alerts.actions.release_baseline": lambda one: (
        lambda: alerts.release_baseline(one.policy, one.data, keys=[Hold.objects.filter(released_at=None)[0].pk], by=BUREAU, at=AT)
    ),
}  # fmt: skip


def mute(one: Any) -> int:
    until, path = AT.date() + timedelta(days=3), Episode.objects.get().path
    return alerts.mute(one.policy, one.data, by=BUREAU, at=AT, reason="away for a week", until=until, path=path, standard="ED-01").pk


def test_every_act_has_an_example() -> None:
    assert sorted({*EXAMPLES, *JUDGED, *LINES}) == ACTS


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_act_writes_exactly_one_line(name: str, tmp_path: Path) -> None:
    perform = EXAMPLES[name](World(tmp_path))
    the_one_line_of(perform, "clerk")


@pytest.mark.parametrize("name", sorted(JUDGED))
def test_an_act_on_what_was_judged_writes_exactly_one_line(name: str, one: Any) -> None:
    if "release" not in name:
        one.begin()
    one.judge(date(2023, 9, 26), **dropped())
    the_one_line_of(JUDGED[name](one), "luo")


@pytest.mark.parametrize("name", sorted(LINES))
def test_a_step_of_a_case_writes_exactly_one_line(name: str, loop: Loop) -> None:  # noqa: F811
    perform, by = LINES[name](loop)
    the_one_line_of(perform, by, loop.at)


def the_one_line_of(perform: Callable[[], object], by: str, at: datetime = AT) -> None:
    """…which names who did it and when, and of whom the key."""
    before = set(Line.objects.values_list("pk", flat=True))
    perform()
    (line,) = Line.objects.exclude(pk__in=before)
    assert (line.by, line.at) == (by, at)
    assert line.about.partition(":")[2]
    assert not {"韦", "W", "马岭镇", "义龙"} & set(map(str, line.detail.values())), "a line holds keys, never values"
    assert len(line.detail) < 20
    assert set(line.detail) - set(DETAILS) == set(), "say in web/office/details.py what it is called"


def test_a_run_writes_a_line_when_it_begins_and_one_when_it_is_whole(one: Any) -> None:
    run = one.run(date(2023, 9, 26), **dropped())
    (line,) = Line.objects.filter(act="runs.finish")
    assert (line.about, line.by, line.detail["opened"]) == (f"run:{run.pk}", "test", 1)


def test_an_act_that_is_refused_writes_none(tmp_path: Path) -> None:
    account = World(tmp_path).account()
    before = Line.objects.count()
    with pytest.raises(staff.Refused):
        staff.give_post(account=account, role="king", place=Place.objects.get(code="C9"), **WHO)
    with pytest.raises(ValueError, match="no doubtful succession"):
        confirm_succession("1", "2", **WHO)
    assert Line.objects.count() == before
