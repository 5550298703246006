"""Instructions of leaders (批示): a supervised item with a deadline and a reply that whoever gave it accepts."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from anju.apps.cases.models import Case, Instruction
from anju.apps.cases.moving import enough, happened
from anju.apps.cases.overseeing import inside_destination
from anju.apps.cases.refusing import Refused, not_there
from anju.apps.cases.rules import today
from anju.apps.cases.telling import tell_of_instruction, tell_of_reply
from anju.apps.journal.actions import record
from anju.apps.places.models import Place
from anju.apps.places.scope import inside
from anju.core.terms.viewer import Viewer


@transaction.atomic
def instruct(*, place: int, text: str, due_on: date, by: Viewer, at: datetime, case: int | None = None) -> Instruction:
    """To the posts of a place, about one of its cases or any matter, with a deadline."""
    if not by.can("cases.instruct"):
        raise Refused("the post you act in gives no instructions", "您当前岗位不能批示")
    found = Place.objects.filter(pk=place, tree="scope").first()
    if found is None or not by.sees_path(found.path):
        raise Refused("there is no such place in your post", "您的岗位范围内没有该地点")
    about = Case.objects.filter(inside(by), pk=case).first() if case is not None else None
    if case is not None and about is None:
        raise not_there([case])
    words = enough(text, 4, "the instruction is missing", "缺少批示内容")
    if due_on < today():
        raise Refused(f"{due_on} lies before today: choose a later day", f"{due_on} 早于今天：请选择之后的日期")
    made = Instruction.objects.create(
        path=found.path, place_id=found.pk, case=about, text=words, given_by=by.name, given_account=by.account, given_at=at, due_on=due_on
    )
    if about is not None:
        happened([about], "instructed", at=at, by=by, reason=words, detail={"instruction": made.pk, "due": due_on.isoformat()})
    tell_of_instruction(made, by=by, at=at)
    record(act="cases.instruct", about=f"instruction:{made.pk}", by=by, at=at, detail={"case": case, "due": due_on.isoformat()})
    return made


@transaction.atomic
def reply(*, key: int, text: str, by: Viewer, at: datetime) -> Instruction:
    """The reply of somebody of the place; a later one replaces it until it is accepted."""
    if not by.can("cases.assign"):
        raise Refused("whoever puts cases into hands replies", "须由能交办的岗位答复")
    found = Instruction.objects.select_for_update(of=("self",)).filter(inside_destination(by), pk=key).first()
    if found is None:
        raise Refused("there is no such instruction in the places of your post", "您的岗位范围内没有该批示")
    if found.accepted_at is not None:
        raise Refused("the reply was accepted: nothing is open", "答复已被采纳")
    found.reply, found.replied_by, found.replied_at = enough(text, 4, "the reply is missing", "缺少答复内容"), by.name, at
    found.save(update_fields=["reply", "replied_by", "replied_at"])
    if found.case is not None:
        happened([found.case], "replied", at=at, by=by, reason=found.reply, detail={"instruction": found.pk})
    tell_of_reply(found, by=by, at=at)
    record(act="cases.reply", about=f"instruction:{key}", by=by, at=at)
    return found


@transaction.atomic
def accept_reply(*, key: int, by: Viewer, at: datetime) -> Instruction:
    """By whoever gave the instruction, or supervises there."""
    found = Instruction.objects.select_for_update(of=("self",)).filter(inside_destination(by), pk=key).first()
    if found is None or not (by.can("cases.instruct") or by.can("cases.supervise")):
        raise Refused("there is no such instruction in your post", "您的岗位范围内没有该批示")
    if found.replied_at is None:
        raise Refused("nobody has replied yet", "尚无答复")
    if not Instruction.objects.filter(pk=key, accepted_at=None).update(accepted_at=at):
        raise Refused("the reply was accepted already", "答复已被采纳")
    record(act="cases.accept_reply", about=f"instruction:{key}", by=by, at=at)
    found.refresh_from_db()
    return found
