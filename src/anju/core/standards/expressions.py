"""Expressions: parsed by sqlglot, walked against a whitelist, typed, and lowered to `model.Expr`.

Whatever is not named here is refused, with what to write instead. Nothing of sqlglot's tree survives.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from anju.core.contracts.document import Node
from anju.core.standards.model import (
    Absent,
    And,
    Arith,
    Blank,
    Case,
    Column,
    Compare,
    DateSpan,
    Expr,
    Has,
    IfAbsent,
    In,
    Literal_,
    Not,
    Or,
    RatioCompare,
    Ref,
    Today,
    Type,
)  # fmt: skip
from anju.core.standards.scope import Resolved, Scope
from anju.core.terms.levels import LEVELS

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it would tell of what is refused here anyway
MAX_LENGTH = 4_000
MAX_NODES = 400
NUMERIC = ("int", "decimal", "money")
FUNCTIONS = (
    "absent", "at", "blank", "days", "has", "if_absent", "kept", "level", "months", "ratio", "recorded", "today",
    "working_days", "years",
)  # fmt: skip
COMPARISONS: dict[type[exp.Expression], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}  # fmt: skip
ARITHMETIC: dict[type[exp.Expression], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}
FLIP = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>"}
REFUSALS: dict[type[exp.Expression], tuple[str, str]] = {
    exp.Is: ("'is' does not know why a value is missing",
             "write absent(x) where no row or a 'no' is meant, blank(x) where the cell is empty"),
    exp.Coalesce: ("'coalesce' would turn what is not known into a value", "write if_absent(x, value)"),
    exp.Div: ("division does not exist: it would round", "write ratio(a, b) < 0.6, or multiply both sides"),
    exp.IntDiv: ("division does not exist: it would round", "write ratio(a, b) < 0.6"),
    exp.Mod: ("'%' does not exist here", "there is no remainder in a standard"),
    exp.Subquery: ("a query inside an expression is not allowed", "make it a feature"),
    exp.Select: ("a query is not an expression", "make it a feature"),
    exp.Exists: ("'exists' is not allowed", "make a feature with count: or any:"),
    exp.Cast: ("a cast is not allowed", "only date '2023-09-01' may be written so"),
    exp.Like: ("'like' is not allowed: it guesses", "compare with = or in ('a', 'b')"),
    exp.Null: ("'null' is not a value here", "write absent(x) or blank(x)"),
    exp.Star: ("'*' names no fact", "name the feature"),
}  # fmt: skip


def parse_expression(node: Node, scope: Scope, want: tuple[Type, ...]) -> Resolved | None:
    """The expression in the YAML text `node`, of one of the types `want`; None after recording every fault."""
    text = node.text() if node.tag != "bool" else node.raw
    if text is None:
        return None
    if not text.strip():
        node.fault("the expression is empty")
        return None
    if len(text) > MAX_LENGTH:
        node.fault(f"the expression has {len(text)} characters", f"at most {MAX_LENGTH} are read", "make features of it")
        return None
    try:
        trees = sqlglot.parse(text, read="duckdb")
    except (SqlglotError, RecursionError, ValueError, IndexError, AttributeError, TypeError) as error:
        column = _error_column(error)
        node.fault("the expression cannot be read", str(error).split("\n")[0][:160], offset=_offset(node, column))
        return None
    if len(trees) != 1 or trees[0] is None or text.rstrip().endswith(";"):
        node.fault("exactly one expression is expected", remedy="remove ';' and what follows")
        return None
    tree = trees[0]
    if sum(1 for _ in tree.walk()) > MAX_NODES:
        node.fault("the expression is too large", f"more than {MAX_NODES} parts", "make features of its parts")
        return None
    if any(part.comments for part in tree.walk()):
        node.fault("a comment inside an expression is not kept", remedy="write it as a YAML comment, after #")
        return None
    found = _Walker(node, scope).walk(tree)
    if found is None:
        return None
    if found.type not in want:
        wanted = " or ".join(_SAY[kind] for kind in want)
        node.fault(f"this is {_SAY[found.type]}, {wanted} is needed here")
        return None
    return found


_SAY: dict[str, str] = {
    "bool": "a condition", "int": "a number", "decimal": "a number", "money": "an amount of money", "text": "a text",
    "date": "a date", "list": "a list", "row": "a whole row", "level": "a level",
}  # fmt: skip


def _error_column(error: Exception) -> int:
    details = getattr(error, "errors", None) or [{}]
    return max(0, int(details[0].get("col") or 1) - 1)


def _offset(node: Node, column: int) -> int:
    """Columns into the scalar, past its quote; 0 where the text spans lines."""
    mark = node.node
    if mark.start_mark.line != mark.end_mark.line:
        return 0
    return column + (1 if getattr(mark, "style", None) in ("'", '"') else 0)


class _Walker:
    """Lowers one tree. Each branch answers None once its fault is recorded, so that all faults are found."""

    def __init__(self, node: Node, scope: Scope) -> None:
        self.node = node
        self.scope = scope

    def fault(self, tree: exp.Expression, what: str, why: str = "", remedy: str = "", known: tuple[str, ...] = ()) -> None:
        self.node.fault(what, why, remedy, known, offset=self.offset(tree))

    def offset(self, tree: exp.Expression) -> int:
        """Where the part begins: at the leftmost of its own parts."""
        starts = [int(part.meta["start"]) for part in tree.walk() if part.meta and part.meta.get("start") is not None]
        return _offset(self.node, min(starts, default=0))

    def walk(self, tree: Any) -> Resolved | None:
        kind = type(tree)
        if kind in COMPARISONS:
            return self.compare(tree, COMPARISONS[kind])
        if kind in ARITHMETIC:
            return self.arithmetic(tree, ARITHMETIC[kind])
        handler = self.HANDLERS.get(kind)
        if handler is not None:
            return handler(self, tree)
        what, remedy = REFUSALS.get(kind, (f"'{_short(tree)}' is not part of the language", ""))
        if isinstance(tree, exp.Func) and kind not in REFUSALS:
            self.fault(tree, f"there is no function '{tree.sql_name().lower()}'", known=FUNCTIONS)
        else:
            self.fault(tree, what, remedy=remedy)
        return None

    # --- logic ----------------------------------------------------------------------------------------------

    def condition(self, tree: Any) -> Expr | None:
        found = self.walk(tree)
        if found is None:
            return None
        if found.type != "bool":
            self.fault(tree, f"'{_short(tree)}' is {_SAY[found.type]}, a condition is needed here", remedy="compare it")
            return None
        return found.expr

    def connect(self, tree: Any) -> Resolved | None:
        parts: list[Expr | None] = []
        kind = type(tree)
        stack = [tree]
        while stack:  # flatten a or b or c
            part = stack.pop()
            if type(part) is kind:
                stack += [part.expression, part.this]
            else:
                parts.append(self.condition(part))
        if any(part is None for part in parts):
            return None
        whole = tuple(part for part in parts if part is not None)
        return Resolved(And(whole) if kind is exp.And else Or(whole), "bool")

    def negate(self, tree: exp.Not) -> Resolved | None:
        part = self.condition(tree.this)
        return None if part is None else Resolved(Not(part), "bool")

    def paren(self, tree: exp.Paren) -> Resolved | None:
        return self.walk(tree.this)

    # --- values ---------------------------------------------------------------------------------------------

    def literal(self, tree: exp.Literal) -> Resolved | None:
        if tree.is_string:
            return Resolved(Literal_(str(tree.this), "text"), "text")
        try:
            number = Decimal(str(tree.this))
        except InvalidOperation:
            self.fault(tree, f"'{tree.this}' is not a number")
            return None
        if not number.is_finite() or number.adjusted() >= 15 or -int(number.as_tuple().exponent) > 6:
            self.fault(tree, f"'{tree.this}' is out of range", "at most 15 digits before the point and 6 behind it")
            return None
        if number == number.to_integral_value() and "." not in str(tree.this):
            return Resolved(Literal_(int(number), "int"), "int")
        return Resolved(Literal_(number, "decimal"), "decimal")

    def boolean(self, tree: exp.Boolean) -> Resolved:
        return Resolved(Literal_(bool(tree.this), "bool"), "bool")

    def cast(self, tree: exp.Cast) -> Resolved | None:
        if tree.to.this == exp.DataType.Type.DATE and isinstance(tree.this, exp.Literal) and tree.this.is_string:
            try:
                return Resolved(Literal_(date.fromisoformat(str(tree.this.this)), "date"), "date")
            except ValueError:
                self.fault(tree, f"'{tree.this.this}' is not a day", remedy="write it like date '2023-09-01'")
                return None
        what, remedy = REFUSALS[exp.Cast]
        self.fault(tree, what, remedy=remedy)
        return None

    def negative(self, tree: exp.Neg) -> Resolved | None:
        found = self.walk(tree.this)
        if found is None:
            return None
        if isinstance(found.expr, Literal_) and isinstance(found.expr.value, int | Decimal):
            return Resolved(Literal_(-found.expr.value, found.type), found.type)
        self.fault(tree, "a minus stands before a number only", remedy="write 0 - x")
        return None

    def column(self, tree: exp.Column) -> Resolved | None:
        parts = tuple(part.name for part in tree.parts)
        return self.scope.name(parts, self.node, self.offset(tree))

    def placeholder(self, tree: Any) -> Resolved | None:
        name = str(tree.name or "")
        param = self.scope.parameter(name, None, self.node, self.offset(tree))
        return None if param is None else Resolved(param, param.type)

    # --- comparison -----------------------------------------------------------------------------------------

    def compare(self, tree: Any, op: str) -> Resolved | None:
        if _is_call(tree.this, "ratio"):
            return self.ratio(tree.this, op, tree.expression)
        if _is_call(tree.expression, "ratio"):
            return self.ratio(tree.expression, FLIP[op], tree.this)
        left, right = self.walk(tree.this), self.walk(tree.expression)
        return None if left is None or right is None else self.comparison(tree, op, left, right)

    def comparison(self, tree: Any, op: str, left: Resolved, right: Resolved) -> Resolved | None:
        pair = self.unify(tree, left, right)
        if pair is None:
            return None
        left, right = pair
        if left.type in ("row", "list"):
            remedy = "name one of its columns" if left.type == "row" else "write has(list, 'code')"
            self.fault(tree, f"{_SAY[left.type]} cannot be compared", remedy=remedy)
            return None
        if left.type in ("text", "bool") and op not in ("=", "<>"):
            self.fault(tree, f"'{op}' does not order {_SAY[left.type]}", remedy="compare with = or in (…)")
            return None
        return Resolved(Compare(op, left.expr, right.expr), "bool")  # type: ignore[arg-type]

    def unify(self, tree: Any, left: Resolved, right: Resolved) -> tuple[Resolved, Resolved] | None:
        """Both sides of one kind: money takes a bare number for yuan, a level a text; codes must be known."""
        if left.type == "money" and right.type != "money" and (scaled := _as_money(right, self.scope.minor_digits)):
            right = scaled
        elif right.type == "money" and left.type != "money" and (scaled := _as_money(left, self.scope.minor_digits)):
            left = scaled
        for one, other in ((left, right), (right, left)):
            if isinstance(other.expr, Literal_) and other.type == "text":
                codes = LEVELS if one.type == "level" else one.codes
                if codes and other.expr.value not in codes:
                    self.fault(tree, f"'{other.expr.value}' is not one of the codes", known=tuple(codes))
                    return None
        left, right = _as_level(left, right), _as_level(right, left)
        kinds = {left.type, right.type}
        same = len(kinds) == 1 or kinds <= {"int", "decimal"}
        if not same:
            self.fault(tree, f"{_SAY[left.type]} is compared with {_SAY[right.type]}", "they are never of one kind")
            return None
        return left, right

    def ratio(self, call: Any, op: str, than_tree: Any) -> Resolved | None:
        if len(call.expressions) != 2:
            self.fault(call, "ratio takes two amounts", remedy="ratio(participants_relocated, participants) < 0.3")
            return None
        over, under = self.walk(call.expressions[0]), self.walk(call.expressions[1])
        than = self.walk(than_tree)
        if over is None or under is None or than is None:
            return None
        pair = self.unify(call, over, under)
        if pair is None:
            return None
        if over.type not in NUMERIC or than.type not in ("int", "decimal"):
            self.fault(call, "ratio compares two numbers with a share", remedy="ratio(a, b) < 0.6")
            return None
        return Resolved(RatioCompare(op, pair[0].expr, pair[1].expr, than.expr), "bool")  # type: ignore[arg-type]

    def contains(self, tree: exp.In) -> Resolved | None:
        item = self.walk(tree.this)
        if tree.args.get("query") or tree.args.get("unnest") or tree.args.get("field"):
            self.fault(tree, "'in' takes a list of values", remedy="x in ('a', 'b')")
            return None
        if not tree.expressions:
            self.fault(tree, "'in' has nothing to compare with", remedy="x in ('a', 'b')")
        options = [self.walk(option) for option in tree.expressions]
        if item is None or not options or any(option is None for option in options):
            return None
        found = []
        for option in options:
            checked = self.comparison(tree, "=", item, option) if option else None
            if checked is None or not isinstance(checked.expr, Compare):
                return None
            found.append(checked.expr.right)
        return Resolved(In(item.expr, tuple(found)), "bool")

    def between(self, tree: exp.Between) -> Resolved | None:
        item, low, high = self.walk(tree.this), self.walk(tree.args["low"]), self.walk(tree.args["high"])
        if item is None or low is None or high is None:
            return None
        first = self.comparison(tree, ">=", item, low)
        second = self.comparison(tree, "<=", item, high)
        return None if first is None or second is None else Resolved(And((first.expr, second.expr)), "bool")

    def arithmetic(self, tree: Any, op: str) -> Resolved | None:
        left, right = self.walk(tree.this), self.walk(tree.expression)
        if left is None or right is None:
            return None
        for side in (left, right):
            if side.type not in NUMERIC:
                remedy = "write days(x), days(x, y)" if side.type == "date" else ""
                self.fault(tree, f"'{op}' does not apply to {_SAY[side.type]}", remedy=remedy)
                return None
        if op == "*":
            if left.type == right.type == "money":
                self.fault(tree, "money times money has no meaning")
                return None
            kind: Type = "money" if "money" in (left.type, right.type) else _wider(left.type, right.type)
            return Resolved(Arith("*", left.expr, right.expr, kind), kind)
        pair = self.unify(tree, left, right)
        if pair is None:
            return None
        kind = _wider(pair[0].type, pair[1].type)
        return Resolved(Arith(op, pair[0].expr, pair[1].expr, kind), kind)  # type: ignore[arg-type]

    def case(self, tree: exp.Case) -> Resolved | None:
        if tree.this is not None:
            self.fault(tree, "'case x when' is not allowed", remedy="case when x = 'a' then 1 else 2 end")
            return None
        branches: list[tuple[Expr, Expr]] = []
        kind: Type | None = None
        for branch in tree.args.get("ifs") or []:
            when, then = self.condition(branch.this), self.walk(branch.args["true"])
            if when is None or then is None:
                return None
            kind = kind or then.type
            if then.type != kind and {then.type, kind} != {"int", "decimal"}:
                self.fault(tree, "the branches of a case are of different kinds")
                return None
            kind = _wider(kind, then.type)
            branches.append((when, then.expr))
        default = tree.args.get("default")
        otherwise = self.walk(default) if default is not None else None
        if default is not None and otherwise is None:
            return None
        if otherwise is not None and otherwise.type != kind and {otherwise.type, kind} != {"int", "decimal"}:
            self.fault(tree, "the branches of a case are of different kinds")
            return None
        if kind is None or kind in ("row", "list"):
            self.fault(tree, "a case answers a value")
            return None
        if otherwise is not None:
            kind = _wider(kind, otherwise.type)
        return Resolved(Case(tuple(branches), otherwise.expr if otherwise else None, kind), kind)

    # --- functions ------------------------------------------------------------------------------------------

    def call(self, tree: exp.Anonymous) -> Resolved | None:
        name = str(tree.name).lower()
        arguments = list(tree.expressions)
        if name in ("absent", "blank"):
            return self.absent_or_blank(tree, name, arguments)
        if name == "if_absent":
            return self.if_absent(tree, arguments)
        if name in ("days", "months", "years", "working_days"):
            return self.span(tree, name, arguments)
        if name == "has":
            return self.has(tree, arguments)
        if name == "at":
            return self.at(tree, arguments)
        if name in ("kept", "level", "recorded"):
            return self.spoken(tree, name, arguments)
        if name == "today" and not arguments:
            return Resolved(Today(), "date")
        if name == "ratio":
            self.fault(tree, "ratio must be compared at once", remedy="ratio(a, b) < 0.6")
            return None
        self.fault(tree, f"there is no function '{name}'", known=FUNCTIONS)
        return None

    def today(self, _: Any) -> Resolved:
        return Resolved(Today(), "date")

    def fact(self, tree: Any, name: str, arguments: list[Any]) -> Resolved | None:
        """The one argument of absent, blank and if_absent: a feature, a field of a row, or a column."""
        found = self.walk(arguments[0]) if arguments else None
        if found is None:
            if not arguments:
                self.fault(tree, f"{name} takes a fact", remedy=f"{name}(on_roll.status)")
            return None
        if not isinstance(found.expr, Ref | Column):
            self.fault(tree, f"{name} takes a fact, not a calculation", remedy="make a feature of it")
            return None
        return found

    def absent_or_blank(self, tree: Any, name: str, arguments: list[Any]) -> Resolved | None:
        found = self.fact(tree, name, arguments[:1])
        if found is None or len(arguments) != 1:
            if found is not None:
                self.fault(tree, f"{name} takes one fact")
            return None
        assert isinstance(found.expr, Ref | Column)
        return Resolved(Absent(found.expr) if name == "absent" else Blank(found.expr), "bool")

    def if_absent(self, tree: Any, arguments: list[Any]) -> Resolved | None:
        if len(arguments) != 2:
            self.fault(tree, "if_absent takes a fact and a value", remedy="if_absent(away, 0)")
            return None
        found, other = self.fact(tree, "if_absent", arguments[:1]), self.walk(arguments[1])
        if found is None or other is None:
            return None
        pair = self.unify(tree, found, other)
        if pair is None or found.type in ("row", "list"):
            if pair is not None:
                self.fault(tree, "if_absent takes a single value", remedy="name one column of the row")
            return None
        assert isinstance(found.expr, Ref | Column)
        kind = _wider(pair[0].type, pair[1].type)
        return Resolved(IfAbsent(found.expr, pair[1].expr, kind), kind, found.codes)

    def span(self, tree: Any, name: str, arguments: list[Any]) -> Resolved | None:
        if len(arguments) not in (1, 2):
            self.fault(tree, f"{name} takes one date or two", remedy=f"{name}(move_in_date), {name}(start, end)")
            return None
        days = [self.walk(argument) for argument in arguments]
        if any(day is None for day in days):
            return None
        for day in days:
            if day is not None and day.type != "date":
                self.fault(tree, f"{name} counts between dates, this is {_SAY[day.type]}")
                return None
        start = days[0]
        end: Expr = days[1].expr if len(days) == 2 and days[1] else Today()
        assert start is not None
        return Resolved(DateSpan(name, start.expr, end), "int")  # type: ignore[arg-type]

    def has(self, tree: Any, arguments: list[Any]) -> Resolved | None:
        if len(arguments) != 2:
            self.fault(tree, "has takes a list and a code", remedy="has(visit.findings, 'illness')")
            return None
        found, code = self.walk(arguments[0]), self.walk(arguments[1])
        if found is None or code is None:
            return None
        if found.type != "list" or not isinstance(found.expr, Ref | Column):
            self.fault(tree, "has looks into a column that is a list", remedy="compare other columns with =")
            return None
        if not isinstance(code.expr, Literal_) or code.type != "text":
            self.fault(tree, "has looks for one code", remedy="has(visit.findings, 'illness')")
            return None
        if found.codes and code.expr.value not in found.codes:
            self.fault(tree, f"'{code.expr.value}' is not one of the codes", known=found.codes)
            return None
        return Resolved(Has(found.expr, code.expr), "bool")

    def at(self, tree: Any, arguments: list[Any]) -> Resolved | None:
        if len(arguments) != 2 or not isinstance(arguments[0], exp.Placeholder | exp.Parameter):
            self.fault(tree, "at takes a parameter and a date", remedy="at($income_line, income.valid)")
            return None
        day = self.walk(arguments[1])
        if day is None:
            return None
        if day.type != "date":
            self.fault(tree, f"at takes a date, this is {_SAY[day.type]}")
            return None
        param = self.scope.parameter(str(arguments[0].name or ""), day.expr, self.node, self.offset(tree))
        return None if param is None else Resolved(param, param.type)

    def spoken(self, tree: Any, name: str, arguments: list[Any]) -> Resolved | None:
        """kept('HS-02', …), level('MH-02'), recorded('refused'): each takes texts as written."""
        texts = [a.this for a in arguments if isinstance(a, exp.Literal) and a.is_string]
        if not texts or len(texts) != len(arguments) or (name != "kept" and len(texts) != 1):
            self.fault(tree, f"{name} takes a text in quotes", remedy=f"{name}('{'refused' if name == 'recorded' else 'HS-02'}')")
            return None
        offset = self.offset(tree)
        if name == "recorded":
            return self.scope.recorded(texts[0], self.node, offset)
        answers = [self.scope.answer(name, text, self.node, offset) for text in texts]
        if any(answer is None for answer in answers):
            return None
        whole = [answer for answer in answers if answer is not None]
        return whole[0] if len(whole) == 1 else Resolved(And(tuple(a.expr for a in whole)), "bool")

    HANDLERS: dict[type, Callable[[_Walker, Any], Resolved | None]] = {
        exp.And: connect, exp.Or: connect, exp.Not: negate, exp.Paren: paren, exp.Literal: literal,
        exp.Boolean: boolean, exp.Cast: cast, exp.Neg: negative, exp.Column: column, exp.Placeholder: placeholder,
        exp.Parameter: placeholder, exp.In: contains, exp.Between: between, exp.Case: case, exp.Anonymous: call,
        exp.CurrentDate: today,
    }  # fmt: skip


def _is_call(tree: Any, name: str) -> bool:
    return isinstance(tree, exp.Anonymous) and str(tree.name).lower() == name


def _short(tree: Any) -> str:
    try:
        return str(tree.sql(dialect="duckdb"))[:60]
    except (SqlglotError, RecursionError, ValueError, TypeError, AttributeError):
        return type(tree).__name__


def _wider(one: Type, other: Type) -> Type:
    if "money" in (one, other):
        return "money"
    return "decimal" if {one, other} == {"int", "decimal"} else one


def _as_level(value: Resolved, beside: Resolved) -> Resolved:
    """A text beside a level is a level's name."""
    if beside.type == "level" and value.type == "text" and isinstance(value.expr, Literal_) and value.expr.value in LEVELS:
        return Resolved(Literal_(value.expr.value, "level"), "level")
    return value


def _as_money(value: Resolved, minor_digits: int) -> Resolved | None:
    """A bare number beside an amount is in the currency's unit: 5000 yuan are 500,000 fen."""
    if isinstance(value.expr, Literal_) and value.type in ("int", "decimal"):
        fen = Decimal(str(value.expr.value)).scaleb(minor_digits)
        whole = int(fen) if fen == fen.to_integral_value() else fen
        return Resolved(Literal_(whole, "money"), "money")
    return None
