"""What a name may mean where an expression stands: at a subject, or in the filter of a feed's rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from anju.core.contracts.document import Node
from anju.core.standards.model import Expr, Param, Type


@dataclass(frozen=True, slots=True)
class Resolved:
    """An expression with its type, and the closed list of codes it can take (() where there is none)."""

    expr: Expr
    type: Type
    codes: tuple[str, ...] = ()


class Scope(Protocol):
    """Every method records its own fault at `node` (`offset` characters in) and answers None."""

    @property
    def minor_digits(self) -> int:
        """Decimal places of the programme's currency."""

    def name(self, parts: tuple[str, ...], node: Node, offset: int) -> Resolved | None: ...

    def parameter(self, name: str, at: Expr | None, node: Node, offset: int) -> Param | None: ...

    def answer(self, what: str, code: str, node: Node, offset: int) -> Resolved | None: ...

    def recorded(self, decision: str, node: Node, offset: int) -> Resolved | None: ...
