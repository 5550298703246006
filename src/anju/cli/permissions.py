"""The page of permissions, made from the table that pages and API ask:  python -m anju.cli.permissions > docs/permissions.md"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anju.cli.context import set_up

set_up()

from django.urls import get_resolver  # noqa: E402  (Django first)

from anju.apps.cases.ranks import roles_for  # noqa: E402
from anju.apps.cases.rules import casework  # noqa: E402
from anju.apps.staff.permissions import ACTS, APART, ROLES  # noqa: E402
from anju.core.casework.rules import LEVELS  # noqa: E402
from anju.core.casework.states import OPEN as OPEN_STATES  # noqa: E402
from anju.core.casework.states import STATES, STEPS, Step  # noqa: E402

HOUSE = Path(__file__).resolve().parents[1]
HEAD = """# Who may do what

Made from `anju.apps.staff.permissions` and the addresses of pages and API by `python -m anju.cli.permissions`; a test compares. Every cell is
tried by tests: each role at each address, allowed or refused with what to do next.

A role decides *what*; the post decides *for whom*: the place it is held at and everything below (by destination, or by origin), and for a
department's post only the standards that department answers for. What lies outside answers exactly like what does not exist. Numbers and names
are masked for everybody; lifting a mask asks for a reason, and every look at a person or family is a line of the journal.
"""
OPEN = {  # addresses that ask for no act, and why
    "first_screen": "the way in; on a deployment that is no sample it shows a stranger nothing",
    "come_in": "a door of the sample, for whoever sits at the machine",
    "whole_prefecture": "how far the sample's whole prefecture is, while a small one is looked at",
    "week": "how far the sample's week is",
    "let_a_week_pass": "the sample's week",
    "sign_in": "signing in",
    "sign_in_code": "signing in, the second step",
    "kept": "what was typed into a form that came too late, given back",
    "sign_out": "signing out",
    "account": "one's own account, signed in",
    "choose_post": "one's own account, signed in",
    "password": "one's own password, signed in",
    "factor": "one's own second step, signed in",
    "end_other_sessions": "one's own sessions, signed in",
    "end_one_session": "one's own sessions, signed in",
    "revoke_own_token": "one's own programs, signed in",
    "notices": "one's own notices, signed in",
    "notice_open": "one of one's own notices, signed in",
    "channels": "one's own channels, signed in",
    "language": "the language of the pages",
    "appearance": "light, dark, large text",
    "answer": "the family's own word, by a link that serves once and shows nobody's name",
    "api": "the reference of the API: no data",
    "openapi": "the description of the API: no data",
    "api-root": "nothing is there",
}
SIGNED_IN = frozenset({"account", "choose_post", "password", "factor", "end_other_sessions", "notices", "channels"})


@dataclass(frozen=True, slots=True)
class Address:
    """`acts`, of which one is enough; none where the address asks for none: one of OPEN, or an API address for whatever post the token
    is of."""

    path: str
    name: str
    acts: tuple[str, ...]
    methods: tuple[str, ...] = ()  # of the API; a page says itself which it takes

    def open_to(self, may: frozenset[str]) -> bool:
        """Whether a post that may do all of `may` is served."""
        return any(act in may for act in self.acts)

    @property
    def of_api(self) -> bool:
        return bool(self.methods)


def addresses() -> Iterator[Address]:
    """Every address that is served, with the act it needs."""
    yield from _walk(get_resolver(), "", "")


def _walk(resolver: Any, prefix: str, space: str) -> Iterator[Address]:
    for pattern in resolver.url_patterns:
        path = f"{prefix}{pattern.pattern}"
        if hasattr(pattern, "url_patterns"):
            yield from _walk(pattern, path, pattern.namespace or space)
            continue
        operations = _operations(pattern.callback)
        for methods, acts in operations:
            yield Address(path, pattern.name, acts, methods)
        if not operations:
            yield Address(path, pattern.name or "", getattr(pattern.callback, "acts", ()))


def _operations(callback: Any) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Of an address of the API: methods and acts of each operation."""
    cells = getattr(callback, "__closure__", None) or ()
    view = next((cell.cell_contents for cell in cells if hasattr(cell.cell_contents, "operations")), None)
    return [(tuple(one.methods), one.view_func.acts) for one in view.operations] if view is not None else []


def page() -> str:
    things: dict[str, list[str]] = defaultdict(list)
    for act in ACTS:
        thing, verb = act.split(".")
        things[thing].append(verb)
    lines = [HEAD, "## Role × object × action", "", f"| Role | {' | '.join(things)} |", f"|---|{'---|' * len(things)}"]
    for key, role in ROLES.items():
        cells = [", ".join(verb for verb in verbs if f"{thing}.{verb}" in role.may) or "–" for thing, verbs in things.items()]
        lines.append(f"| **{role.title.en}** `{key}` | {' | '.join(cells)} |")
    apart = ", ".join(ROLES[key].title.en.lower() for key in ROLES if key in APART)
    lines += ["", f"Three people, never one: {apart}.", "", "## Roles", "", "| Role | 角色 | Held at | Of a department |", "|---|---|---|---|"]
    lines += [f"| `{key}` | {role.title.zh} | {role.level} | {'yes' if role.of_department else '–'} |" for key, role in ROLES.items()]
    lines += ["", "## Acts, and where they are asked for", "", "| Act | In words | 含义 | Addresses |", "|---|---|---|---|"]
    found = list(addresses())
    for act, words in ACTS.items():
        at = [f"`{' '.join((*one.methods, '/' + one.path))}`" for one in found if act in one.acts]
        lines.append(f"| `{act}` | {words.en} | {words.zh} | {'<br>'.join(at) or ('within other pages' if asked(act) else 'nowhere yet')} |")
    lines += steps()
    lines += ["", "## Addresses that ask for no act", "", "| Address | Why |", "|---|---|"]
    for one in found:
        if not one.acts:
            why = "any post: the token itself, and the places of its post" if one.of_api else OPEN[one.name]
            lines.append(f"| `{' '.join((*one.methods, '/' + one.path))}` | {why} |")
    return "\n".join(lines) + "\n"


STEPS_SAID = """## Steps of a case: who may

Made from the table of steps, the roles above and `policy/casework.yaml`; tests try every step with every role, inside its places and
departments and outside. Whoever had a case in hand decides nothing about it: neither signs, returns, grants, confirms an end nor closes it.
Where nobody is free in a rank, the next one decides: {chain}.
"""


def steps() -> list[str]:
    """The table of steps: from which state to which, and the roles that may take each, by level where that matters."""
    chain = "; ".join(f"`{instead}` for `{role}`" for role, instead in casework().standing_in.items())
    head = ["", *STEPS_SAID.format(chain=chain).splitlines(), "", "| Step | 步骤 | From | To | Red | Orange | Yellow |", f"|---|{'---|' * 6}"]
    return head + [f"| {step.title.en} `{name}` | {step.title.zh} | {_states(step)} | {_who(step)} |" for name, step in STEPS.items()]


def _states(step: Step) -> str:
    first = "any that is open" if step.sources == OPEN_STATES else ", ".join(STATES[one].en.lower() for one in STATES if one in step.sources)
    return f"{first} | {STATES[step.to].en.lower() if step.to else '–'}"


def _who(step: Step) -> str:
    if not step.acts:
        return "the platform | the platform | the platform"
    return " | ".join(", ".join(f"`{role}`" for role in roles_for(step, level)) for level in LEVELS)


def asked(act: str) -> bool:
    """Whether a door asks for the act within an address that needs another."""
    return any(f'"{act}"' in path.read_text(encoding="utf-8") for room in ("web", "api") for path in (HOUSE / room).rglob("*.[ph][yt]*"))


if __name__ == "__main__":
    sys.stdout.write(page())
