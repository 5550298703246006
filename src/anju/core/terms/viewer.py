"""Who is looking: a frozen value that every query of people's data takes first."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Viewer:
    """`scopes` are paths of places ('/1/4/'): the viewer sees what lies below one of them, and nothing else."""

    name: str
    role: str = "none"
    scopes: tuple[str, ...] = ()
    departments: frozenset[str] = field(default_factory=frozenset)

    def sees_path(self, path: str) -> bool:
        return any(path.startswith(scope) for scope in self.scopes)


STRANGER = Viewer(name="stranger")
