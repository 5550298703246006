"""What a line of a queue says: what is missing, where, who has it, and until when. Names are masked, and read for a page at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from anju.apps.alerts.models import Episode
from anju.apps.findings.need_to_know import may_know
from anju.apps.people.lookup import heads_of, households_by_key, people_by_key
from anju.apps.people.vault import masked_name
from anju.apps.places.lookup import places_by_key
from anju.core.contracts.model import Bilingual
from anju.core.standards.model import Standard, Title, Version
from anju.core.terms.viewer import Viewer
from anju.web.layout.current import policy, programme


@dataclass(frozen=True, slots=True)
class Row:
    """`who` is the masked person or the thing; `address` of the home within the place; `others` more alerts of the same cluster."""

    episode: Episode
    standard: Standard | None
    breach: Title | None
    who: str
    address: str
    place: str
    others: int
    days: int | None  # until it must be verified; negative once that is over

    @property
    def over(self) -> int:
        return -(self.days or 0)

    @property
    def head(self) -> Bilingual | Title:
        """What is wrong, in words; the promise where that is no longer known, or for few to know."""
        return self.breach or self.title

    @property
    def title(self) -> Bilingual | Title:
        return self.standard.title if self.standard is not None else Bilingual(self.episode.standard, self.episode.standard)


def rows_of(viewer: Viewer, episodes: Sequence[Episode], today: date, *, by_cluster: bool = False) -> list[Row]:
    """Four queries for a page, however long it is."""
    homes = households_by_key(e.household_id for e in episodes)
    people = people_by_key(e.subject_id for e in episodes if e.subject == "person")
    heads = heads_of([e.household_id for e in episodes if e.household_id is not None])
    places = places_by_key(key for e in episodes for key in (e.place_id, e.routed_place_id))
    found = []
    for e in episodes:
        home, person = homes.get(e.household_id or -1), people.get(e.subject_id) if e.subject == "person" else None
        place = places.get(e.place_id or -1) or places.get(e.routed_place_id or -1)
        standard = policy().standards.get(e.standard)
        version = standard.version_on(e.seen_on) if standard is not None else None
        who = masked_name(person.name) if person is not None else heads.get(e.household_id or -1) or (home.household_code if home else _thing(e))
        address = "-".join(part for part in (home.building_no, home.unit_no, home.room_no) if part) if home is not None else ""
        lines = e.owner_lines if viewer.departments else e.lines
        days = (e.due_verify - today).days if e.due_verify is not None and e.queue == "todo" else None
        breach = breach_of(version, e) if standard is not None and may_know(viewer, standard, e.seen_on) else None
        found.append(Row(e, standard, breach, who, address, place.name if place else "", lines - 1 if by_cluster else 0, days))
    return found


def _thing(episode: Episode) -> str:
    """The key of what is neither a person nor a family: an employer, a delivery; a site is told by its place."""
    return (episode.subject_key or "").replace("|", " · ")


def breach_of(version: Version | None, episode: Episode) -> Title | None:
    return next((b.title for b in version.breaches if b.name == episode.breach), None) if version is not None else None


def owner_title(code: str) -> Bilingual:
    return programme().departments.get(code) or Bilingual(code, code)
