"""What the details of a line of the journal are called: every key that any act records, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from anju.apps.staff.permissions import ROLES
from anju.web.layout.templatetags.anju import said

DETAILS: dict[str, Any] = {
    "about": _("about"), "accepted": _("rows accepted"), "account": _("account"), "accounts": _("number of accounts"),
    "acknowledged": _("acknowledged"), "act": _("act"), "agreed": _("agreed"), "alert": _("alert"), "alerts": _("number of alerts"),
    "among": _("out of"), "answer": _("answer"), "as": _("in the role of"), "attachment": _("attached file"), "back": _("reminders again"),
    "broken": _("breaks"), "building": _("building"), "by": _("by whom"), "bytes": _("bytes"), "case": _("case"), "cause": _("cause"),
    "changed": _("changed"), "channel": _("way it came"), "cleared": _("cleared"), "closed": _("closed"), "code": _("decision"),
    "comment": _("comment"), "confirmed": _("confirmed there"), "contested": _("contested"), "day": _("day"), "days": _("number of days"),
    "deadline": _("which deadline"), "decision": _("decided for"), "deliveries": _("number of deliveries"), "dispatched": _("sent out"),
    "done": _("done on"), "doubted": _("doubted"), "drawn": _("drawn"), "dropped": _("number dropped"), "due": _("due on"),
    "duplicates": _("duplicates"), "eased": _("eased"), "end": _("proposed end"), "ended": _("how many ended"),
    "episode": _("alert it came of"), "events_changed": _("events changed"), "events_new": _("new events"),
    "events_refused": _("events set aside"), "expires": _("serves until"), "feed": _("feed"), "files": _("number of files"),
    "first": _("first line"), "first_post": _("first post made"), "for": _("purpose of the look"), "form": _("form"),
    "fresh": _("opened outside a baseline"),
    "found": _("what was found"), "from": _("from"), "held": _("on hold"), "holds": _("still holds"), "holiday": _("days off"),
    "household": _("family"), "households_changed": _("families changed"), "households_new": _("new families"),
    "households_refused": _("families set aside"), "instruction": _("instruction"), "keys_fit": _("keys fit"), "kind": _("kind"),
    "last": _("last case"), "last_post": _("last post made"), "left": _("rows still set aside"), "leftovers": _("remains of interrupted work"),
    "level": _("level"), "light": _("light"), "listing": _("listing"), "look_back": _("look back"), "makeup": _("make-up days"),
    "measure": _("measure"), "met": _("somebody met"), "missing": _("files missing"), "mode": _("how it was done"), "muted": _("put off"),
    "n": _("how many"), "name": _("name"), "new": _("new ones"), "notice": _("public notice"), "notices": _("number of notices"),
    "on": _("on"), "opened": _("opened"), "other": _("other case"), "outcome": _("outcome"), "percent": _("percent"),
    "persons_changed": _("persons changed"), "persons_new": _("new persons"), "persons_refused": _("persons set aside"), "place": _("place"),
    "plan": _("support plan"), "post": _("post"), "posts": _("number of posts"), "purpose": _("purpose"), "quick": _("closed quickly"),
    "reason": _("reason"), "receipt": _("receipt of a report"), "received_at": _("received at"), "refused": _("rows refused"),
    "register": _("which register"), "relapsed": _("came again"), "reminded": _("reminded"), "renamed": _("renamed"), "replay": _("replay"),
    "report": _("report"), "reports": _("number of reports"), "role": _("role"), "rose": _("rose"), "round": _("round"), "rows": _("rows"),
    "run": _("run"), "seed": _("seed of the draw"), "set_aside": _("rows set aside"), "sha256": _("checksum SHA-256"),
    "sheets": _("repeated sheets"), "sign_in": _("sign-in"), "since": _("since"), "source": _("source"), "standard": _("standard"),
    "state": _("state"), "still": _("still there"), "tried": _("rows tried"), "to": _("to"), "unit": _("sender"), "until": _("until"),
    "upheld": _("objection upheld"), "version": _("version"), "visit": _("visit"), "visited_on": _("visited on"),
    "visits": _("number of visits"), "what": _("what was shown"), "why": _("why"), "words": _("in own words"),
}  # fmt: skip


def detail_words(detail: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """(what it is called, its value) in the order of the keys; a key without words as it stands: an auditor must miss nothing."""
    return [(DETAILS.get(key, key), _value(key, value)) for key, value in sorted(detail.items())]


def _value(key: str, value: Any) -> Any:
    if value is None:
        return "–"
    if key in ("role", "as") and value in ROLES:
        return said(ROLES[value].title)
    return (_now("yes") if value else _now("no")) if isinstance(value, bool) else value
