"""What happened to a family, newest first: comings and goings, what the register says, alerts, and who lifted a mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from anju.apps.alerts.models import Episode, EpisodeEvent
from anju.apps.findings.need_to_know import SECRET_COLUMNS, is_secret, may_know
from anju.apps.journal.models import Line as JournalLine
from anju.apps.people.history import Change
from anju.apps.people.vault import masked_name
from anju.core.contracts.model import Bilingual, Contract, FeedColumn
from anju.core.standards.model import Title
from anju.core.standards.wording import Wording
from anju.core.terms.viewer import Viewer
from anju.web.layout.current import policy, programme

OPEN_LINES = 10  # stand open; the rest behind "show all"
EVENTS = 200  # of alerts on the page as it opens
MOST = 2_000  # with all of them asked for
OPENING = frozenset({"opened", "relapsed", "rose", "back"})
OF_MIGRATION = frozenset({"moved_in", "joined", "left", "birth", "death"})  # known to every post that sees who the members are


@dataclass(frozen=True, slots=True)
class Line:
    """`on`: the day it is true of; `since` when it became known, where that is another day. `mark`: the look of the point."""

    on: date
    at: datetime
    text: str
    who: str = ""
    level: str = ""
    more: Title | str = ""  # what is breached, or what somebody gave as the reason
    detail: Bilingual | Title | str = ""
    mark: str = ""
    url: str = ""
    known: bool = False  # whether `at` is when it became known

    @property
    def since(self) -> date | None:
        day = timezone.localtime(self.at).date()
        return day if self.known and day != self.on else None


def timeline(
    viewer: Viewer, changes: Sequence[Change], events: Sequence[EpisodeEvent], reveals: Sequence[JournalLine], names: dict[int, str], lang: str
) -> list[Line]:
    """`names`: person -> masked name, of whoever belongs or belonged to the family."""
    lines = [line for change in changes if (line := _of_change(viewer, change, lang)) is not None]
    rose = {event.episode_id for event in events if event.what == "rose"}
    lines += [line for event in events if (line := _of_event(viewer, event, names, graver=event.episode_id in rose)) is not None]
    lines += [_of_reveal(reveal, names) for reveal in reveals]
    return sorted(lines, key=lambda line: (line.on, line.at), reverse=True)


# --- the register --------------------------------------------------------------------------------------------------------


def _of_change(viewer: Viewer, change: Change, lang: str) -> Line | None:
    if change.what not in OF_MIGRATION and not _sees_register(viewer, change):
        return None
    if change.column in SECRET_COLUMNS and not viewer.can("health.see"):
        return None
    who = masked_name(change.person.name) if change.person is not None else ""
    text = _said(change, lang) if change.what == "said" else _event_words(change)
    mark = "ok" if change.what == "moved_in" else ""
    return Line(change.on, change.known, text, who, mark=mark, known=True)


def _sees_register(viewer: Viewer, change: Change) -> bool:
    """A department's post reads of the register what its own department delivers."""
    registry = "event" if change.what != "said" else "household" if change.person is None else "person"
    contract = _register(registry)
    return not viewer.departments or (contract is not None and contract.owner in viewer.departments)


def _register(registry: str) -> Contract | None:
    found = (contract for contract in policy().contracts.values() if isinstance(contract, Contract) and contract.registry == registry)
    return next(found, None)


def _event_words(change: Change) -> str:
    if change.what == "moved_in":
        return ngettext("Moved in with %(n)s person", "Moved in with %(n)s people", change.people) % {"n": change.people}
    return {
        "joined": _("Came into the family"), "left": _("Left the family"), "birth": _("Was born"), "death": _("Died"),
        "hukou_in": _("Household registration moved here"), "hukou_out": _("Household registration moved away"),
        "split": _("Set up a household of one's own"), "id_change": _("Got another identity number"),
        "permit_issue": _("Got a residence permit"),
    }.get(change.what, change.what)  # fmt: skip


def _said(change: Change, lang: str) -> str:
    """'Resident status: living here → out working'; of a place or an address that the family moved on."""
    if change.column == "place":
        return _("Moved from %(old)s to %(new)s") % {"old": change.old, "new": change.new}
    if change.column == "address":
        return _("Home changed from %(old)s to %(new)s") % {"old": change.old or "–", "new": change.new or "–"}
    contract = _register("household" if change.person is None else "person")
    column = next((c for c in contract.columns if c.name == change.column), None) if contract is not None else None
    title = column.title if column is not None else Bilingual(change.column, change.column)
    old, new = (_value(value, change.column, column, lang) for value in (change.old, change.new))
    return f"{title.zh if lang == 'zh' else title.en}{'：' if lang == 'zh' else ': '}{old} → {new}"


def _value(value: Any, name: str, column: FeedColumn | None, lang: str) -> str:
    if value is None or value == "":
        return "–"
    if name == "name":
        return masked_name(str(value))
    if name == "relation_to_head":
        words = relation(str(value))
        return words.zh if lang == "zh" else words.en
    return Wording(policy()).value(value, column.type if column is not None else "text", lang, column)


def relation(code: str | None) -> Bilingual:
    """The relation to the head by the first digit of GB/T 4761, in which many registers keep it."""
    words = {
        "0": Bilingual("Head", "户主"), "1": Bilingual("Spouse", "配偶"), "2": Bilingual("Son", "子"), "3": Bilingual("Daughter", "女"),
        "4": Bilingual("Grandchild", "孙辈"), "5": Bilingual("Parent", "父母"), "6": Bilingual("Grandparent", "祖辈"),
        "7": Bilingual("Brother or sister", "兄弟姐妹"),
    }  # fmt: skip
    return words.get((code or "")[:1], Bilingual("Other", "其他"))


# --- alerts --------------------------------------------------------------------------------------------------------------


def _of_event(viewer: Viewer, event: EpisodeEvent, names: dict[int, str], *, graver: bool) -> Line | None:
    """`graver`: the alert rose later, so its level and what is breached now are not yet those of the day it was found."""
    episode = event.episode
    standard = policy().standards.get(episode.standard)
    words = _alert_words(event)
    if standard is None or not words:
        return None
    told, lit = may_know(viewer, standard, episode.seen_on), light_of(standard.code)
    if not told and is_secret(standard) and lit is None:
        return None
    found = event.what in OPENING
    level = episode.level if found and (event.what != "opened" or not graver) else ""
    more = _breach(episode) if level and told else _wrote(episode, event) if told else ""
    sentence = standard.sentence if told or not is_secret(standard) else lit or ""
    return Line(
        event.day, event.at, words, who=names.get(episode.subject_id, "") if told and episode.subject == "person" else "", level=level,
        more=more, detail=sentence, mark=level or ("ok" if event.what == "cleared" else ""),
        url=reverse("alert", args=[episode.pk]) if viewer.can("alerts.see") else "",
    )  # fmt: skip


def _breach(episode: Episode) -> Title | str:
    version = policy().standards[episode.standard].version_on(episode.seen_on)
    return next((b.title for b in version.breaches if b.name == episode.breach), "") if version is not None else ""


def light_of(code: str) -> Bilingual | None:
    """The light of the 3+1 that a standard lets go out."""
    return next((guarantee.title for guarantee in programme().guarantees if code in guarantee.standards), None)


def _alert_words(event: EpisodeEvent) -> str:
    """'' for what is of the queues and not of the family: sent out, called to mind, merged."""
    said = {
        "opened": _("Found"), "relapsed": _("Found again after it was over"), "rose": _("Became graver"), "back": _("Found again"),
        "eased": _("The condition is better, but not proven solved"), "doubted": _("Cannot be judged: data are missing"),
        "cleared": _("Solved by the data"), "ended": _("Ended"), "muted": _("Put off"), "unmuted": _("No longer put off"),
    }.get(event.what, "")  # fmt: skip
    reasons = {
        "left": _("the family or thing is no longer in the programme"), "not_applicable": _("the standard no longer applies"),
        "withdrawn": _("the standard is no longer in force"),
    }  # fmt: skip
    if event.what == "acknowledged":
        return _("Taken on by %(who)s") % {"who": event.who}
    return said + (f": {reasons[event.reason]}" if event.what == "ended" and event.reason in reasons else "")


def _wrote(episode: Episode, event: EpisodeEvent) -> str:
    """What a person gave as the reason: of a mute while it stands, of taking on whatever they said they would do."""
    if event.what == "muted" and episode.mute is not None and episode.mute.made_at <= event.at:
        return _("until %(on)s, by %(who)s: %(why)s") % {
            "on": episode.mute.until.isoformat(),
            "who": episode.mute.owner,
            "why": episode.mute.reason,
        }
    return event.reason if event.what == "acknowledged" else ""


# --- lifted masks --------------------------------------------------------------------------------------------------------


def reveal_reasons() -> dict[str, str]:
    return {
        "visit": _("Home visit"), "call": _("Telephone call"), "application": _("Application on their behalf"),
        "correction": _("Correcting a record"), "complaint": _("Request or complaint"),
    }  # fmt: skip


def _of_reveal(line: JournalLine, names: dict[int, str]) -> Line:
    person = int(line.about.partition(":")[2])
    why = reveal_reasons().get(str(line.detail.get("reason", "")), str(line.detail.get("words", "")))
    text = _("%(by)s saw the full number: %(why)s") % {"by": getattr(line, "called", "") or line.by, "why": why}
    return Line(timezone.localtime(line.at).date(), line.at, text, names.get(person, ""))
