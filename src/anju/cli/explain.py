"""anju explain: why an answer is what it is, for every answer, any subject, any day and whatever was known then."""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import Any

import click
from django.utils import timezone

from anju.apps.cases.own_feeds import own_feeds
from anju.apps.findings.explaining import Explained, explain_of_day, explain_of_run
from anju.apps.findings.queries import current_run
from anju.apps.findings.subjects import NoSuchSubject, find_subject, person_by_identity
from anju.cli.context import Day, Moment, data_folder, json_option, load_checked_policy, migrated, say
from anju.cli.endings import NOT_READY, fail
from anju.core.standards.model import Policy
from anju.core.standards.wording import LANGUAGES


@click.command()
@click.argument("code")
@click.argument("subject", required=False)
@click.option("--identity", is_flag=True, help="Ask for an identity number instead of SUBJECT; it is not shown, and not kept.")
@click.option("--as-of", type=Day(), help="The day judged (default: that of the current run).")
@click.option("--known-at", type=Moment(), help="With what was known then (default: as the run, or now where --as-of is given).")
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True, help="In which language.")
@json_option
def explain(code: str, subject: str | None, identity: bool, as_of: date | None, known_at: datetime | None, lang: str, as_json: bool) -> None:
    """Say why standard CODE has the answer it has for SUBJECT: because of what, what would clear it, whose delivery is missing.

    SUBJECT is our own key, a household code, a place code, or the key of a dispute, an employer, a delivery …

    \b
    anju explain ED-01 1517
    anju explain HS-04 522323003902 --lang zh
    anju explain MW-01 'F13|YILONG|2023-08' --as-of 2023-09-20 --known-at 2023-09-20T18:00
    """
    if (subject is None) != identity:
        fail("say whom to explain", "give SUBJECT, or --identity and type the number when asked", code=2)
    migrated()
    policy = load_checked_policy()
    if code not in policy.standards:
        fail(f"there is no standard {code}", f"one of {', '.join(sorted(policy.standards))}")
    try:
        explained = _explained(policy, code, _key(policy, code, subject), as_of, known_at)
    except NoSuchSubject as fault:
        fail(str(fault), f"anju findings list --standard {code}")
    lines = explained.lines(lang)
    if explained.same_rules is False:
        lines.append("  The rules have changed since that run: this is what today's rules say of that day.")
    say(as_json, explained.as_dict(), lines)


def _key(policy: Policy, code: str, subject: str | None) -> Any:
    if subject is not None:
        return find_subject(policy, code, subject)
    if policy.standards[code].subject != "person":
        raise NoSuchSubject(f"{code} is about a {policy.standards[code].subject}, not a person: an identity number names nobody here")
    typed: str = click.prompt("Identity number", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    return person_by_identity(policy, typed.strip())


def _explained(policy: Policy, code: str, key: Any, as_of: date | None, known_at: datetime | None) -> Explained:
    if as_of is not None:
        return explain_of_day(policy, data_folder(), as_of, known_at or timezone.now(), code, key, own=own_feeds)
    run = current_run()
    if run is None:
        fail("nothing has been judged yet", "anju run, or say --as-of", code=NOT_READY)
    if known_at is not None:
        return explain_of_day(policy, data_folder(), run.day, known_at, code, key, own=own_feeds)
    return explain_of_run(policy, data_folder(), run, code, key, own=own_feeds)
