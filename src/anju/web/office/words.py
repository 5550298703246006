"""What a line of the journal says, in words: what was done, and to what. Keys only, as the line holds keys only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

ACTS: dict[str, Any] = {
    "account.factor_codes": _("made new recovery codes"), "account.factor_off": _("turned the authenticator app off"),
    "account.factor_on": _("turned the authenticator app on"), "account.factor_reset": _("reset the authenticator app"),
    "account.hand_over": _("ended every post and locked the account"), "account.lock": _("locked the account"),
    "account.open": _("opened the account"), "account.password": _("changed the own password"),
    "account.password_set": _("set a first password"), "account.sample_door": _("came in by a door of the sample"),
    "account.session_end": _("ended a session"), "account.sign_in": _("signed in"), "account.sign_out": _("signed out every device"),
    "account.unlock": _("unlocked the account"), "accounts.import": _("imported a list of accounts"),
    "alert.see": _("opened an alert"), "alerts.acknowledge": _("took the alert on"), "alerts.follow": _("alerts followed the run"),
    "alerts.judge_household": _("judged a family at once and moved its alerts"),
    "alerts.mute": _("put reminders off"), "alerts.release": _("released a baseline"), "alerts.unmute": _("ended putting off"),
    "attachments.store": _("attached a file"), "attachments.withdraw": _("withdrew an attached file"),
    "backup.make": _("made a backup"), "backup.restore": _("restored a backup"),
    "calendar.load": _("loaded a year of the calendar"),
    "channel.add": _("added a channel for notices"), "channel.off": _("switched a channel off"), "channel.on": _("switched a channel on"),
    "channel.remove": _("removed a channel"), "channel.test": _("sent a test message"), "channel.verify": _("proved a channel by its code"),
    "export.figures": _("took figures as a workbook"), "export.lists": _("took a list of families as a workbook"),
    "case.file": _("opened a file of a case"), "case.see": _("opened a case"),
    "cases.accept_reply": _("accepted the reply to an instruction"),
    "cases.answer": _("recorded a family's answer"), "cases.approve": _("approved a closing"), "cases.arbitrate": _("decided a dispute"),
    "cases.ask_exception": _("asked for an exception"), "cases.ask_extension": _("asked for more time"),
    "cases.assign": _("put a case into somebody's hands"), "cases.close": _("closed a case"), "cases.contest": _("contested a return"),
    "cases.decision": _("recorded a decision"), "cases.draw": _("drew cases to be visited again"),
    "cases.drop_measure": _("took a measure back"),
    "cases.end": _("ended a case otherwise"),
    "cases.escalate": _("ranks were told of what is overdue"),
    "cases.feed_back": _("fed back"), "cases.finish_measure": _("recorded a measure as done"),
    "cases.grant_exception": _("granted an exception"),
    "cases.grant_extension": _("granted more time"), "cases.hand_on": _("handed a case on"), "cases.instruct": _("gave an instruction"),
    "cases.judge": _("judged a case"), "cases.look_back": _("looked back at a case"), "cases.lower": _("lowered a level"),
    "cases.make_link": _("made a link for a family's answer"), "cases.name_lead": _("named who answers for a family"),
    "cases.open": _("cases were opened"), "cases.plan_measure": _("planned a measure"), "cases.propose_end": _("proposed another end"),
    "cases.refuse_end": _("refused another end"), "cases.refuse_exception": _("refused an exception"),
    "cases.refuse_extension": _("refused more time"), "cases.reopen": _("opened a case again"), "cases.reply": _("replied to an instruction"),
    "cases.register": _("took a register of cases as a workbook"), "cases.sample": _("drew a sample of closed cases"),
    "cases.return_back": _("returned a case"), "cases.sign": _("signed feedback"), "cases.take": _("took a case on"),
    "cases.tell": _("told of trouble that has a case"), "cases.transfer": _("passed a case to another department"),
    "cases.verify": _("verified a case"),
    "feeds.confirm": _("gave the word on a held delivery"), "feeds.deliver": _("delivered a file"), "feeds.drop": _("dropped an upload"),
    "feeds.expire": _("let old originals expire"), "feeds.mend": _("mended rows set aside"), "feeds.retry": _("tried rows set aside again"),
    "feeds.reveal": _("looked at rows set aside in full"), "feeds.sheet": _("downloaded rows set aside"), "feeds.upload": _("uploaded a file"),
    "feeds.withdraw": _("withdrew a delivery"), "household.see": _("opened a family's page"),
    "journal.check": _("checked the chain"), "journal.export": _("exported the journal"), "journal.see": _("read the journal"),
    "messages.again": _("had a message sent again"), "messages.came": _("said that a message came"),
    "listing.see": _("opened a monitored household"), "monitoring.answer": _("answered an objection"),
    "monitoring.approve": _("approved a listing"), "monitoring.change": _("changed a measure"), "monitoring.compare": _("compared data"),
    "monitoring.done": _("recorded a measure as done"), "monitoring.drop": _("dropped a measure"),
    "monitoring.end_approve": _("approved the end of a risk"), "monitoring.end_notice": _("put the notice of an end up"),
    "monitoring.end_propose": _("proposed the end of a risk"), "monitoring.end_refuse": _("refused the end of a risk"),
    "monitoring.end_review": _("recorded a meeting about the end of a risk"), "monitoring.look_again": _("looked at a support plan again"),
    "monitoring.measure": _("added a measure"), "monitoring.notice": _("put a public notice up"),
    "monitoring.object": _("recorded an objection"), "monitoring.propose": _("proposed a listing"), "monitoring.refuse": _("refused a listing"),
    "monitoring.review": _("recorded a review meeting"), "monitoring.take_down": _("took public notices down"),
    "monitoring.township": _("reviewed a listing for the street"), "monitoring.verify": _("recorded the visit for a listing"),
    "people.drop_phone": _("took a wrong telephone number away"), "people.import": _("imported registers"),
    "people.note_phones": _("noted telephone numbers"),
    "person.reveal": _("had a number shown in full"), "person.see": _("opened a person"),
    "places.import": _("imported places"), "places.official": _("imported an official list of places"), "post.end": _("ended a post"),
    "post.give": _("gave a post"), "runs.finish": _("run finished"), "runs.start": _("started a run"), "sample.week": _("let a week pass"),
    "subject.see": _("looked at a subject"),
    "succession.confirm": _("confirmed what a place became"), "succession.import": _("imported what places became"),
    "succession.reject": _("rejected what a place became"), "tasks.cancel": _("cancelled a task"), "tasks.give_up": _("task given up"),
    "tasks.queue": _("queued a task"), "tasks.retry": _("tried a task again"), "token.make": _("made a token"),
    "token.revoke": _("revoked a token"), "trouble.agree": _("gave a second word on declining a report"),
    "trouble.decline": _("wants to decline a report"), "trouble.hotline": _("took requests of the hotline over"),
    "trouble.report": _("reported trouble"), "trouble.take_up": _("took a report up"),
    "visits.drop": _("dropped a visit"), "visits.end_form": _("took a form out of use"), "visits.keep_form": _("took a form in"),
    "visits.export": _("took a visit in the layout of a form"),
    "visits.hand_over": _("handed a worker's visits over"), "visits.miss": _("put a visit down as missed"),
    "visits.plan": _("planned visits"), "visits.reassign": _("put visits into other hands"), "visits.record": _("recorded a visit"),
    "visits.sheet": _("printed a visit sheet"), "visit.see": _("opened a visit"), "report.see": _("opened a report"),
}  # fmt: skip

KINDS: dict[str, Any] = {
    "account": _("account"), "accounts": _("accounts"), "alert": _("alert"), "backup": _("backup"), "before": _("before"),
    "calendar": _("calendar"),
    "case": _("case"), "cases": _("cases"), "channel": _("channel"), "code": _("code"),
    "delivery": _("delivery"), "form": _("form"), "phones": _("telephone numbers"),
    "hold": _("baseline"), "household": _("family"), "journal": _("journal"),
    "line": _("line"), "list": _("list"),
    "instruction": _("instruction"), "listing": _("listing"), "measure": _("measure"), "notices": _("public notices"),
    "message": _("message"), "mute": _("putting off"), "person": _("person"),
    "place": _("place"), "programme": _("programme"), "register": _("register"), "report": _("report"), "reports": _("reports"),
    "run": _("run"), "site": _("site"), "task": _("task"), "token": _("token"), "upload": _("upload"), "visit": _("visit"),
    "visits": _("visits"),
}  # fmt: skip

GROUPS: dict[str, Any] = {
    "looks": _("looks at families"), "account": _("accounts"), "post": _("posts"), "feeds": _("deliveries"), "alerts": _("alerts"),
    "cases": _("cases"),
    "visits": _("visits"), "trouble": _("reports of trouble"), "monitoring": _("monitored households"),
    "runs": _("runs"), "journal": _("the journal itself"),
}  # fmt: skip


def act_words(act: str) -> Any:
    """The act as it stands where there are no words for it: an auditor must miss nothing."""
    return ACTS.get(act, act)


def about_words(about: str, names: Mapping[int, str] | None = None) -> str:
    """'family 12'; of an account the name, where it is among `names`; nothing where the act says it all."""
    kind, _colon, key = about.partition(":")
    if kind == "journal":
        return ""
    if kind == "account" and key.isdigit() and names:
        key = names.get(int(key), key)
    return f"{KINDS.get(kind, kind)} {key}".strip()
