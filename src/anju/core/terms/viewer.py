"""Who is looking: a frozen value that every query of people's data takes first."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody in one post. `scopes` are paths of places ('/1/4/') whose present residents she sees, `origins` those whose
    former residents she sees; nothing else. `departments` are the domains she answers for; empty: all of them.
    `may` names what the post is allowed to do ('alerts.acknowledge'): staff/permissions holds the table."""

    name: str
    role: str = "none"
    scopes: tuple[str, ...] = ()
    departments: frozenset[str] = field(default_factory=frozenset)
    origins: tuple[str, ...] = ()
    may: frozenset[str] = field(default_factory=frozenset)
    account: int | None = None
    post: int | None = None

    def sees_path(self, path: str) -> bool:
        return any(path.startswith(scope) for scope in self.scopes)

    def can(self, act: str) -> bool:
        return act in self.may

    @property
    def sees_nothing(self) -> bool:
        return not self.scopes and not self.origins


STRANGER = Viewer(name="stranger")
