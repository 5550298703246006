"""anju findings: what stands open."""

from __future__ import annotations

import click

from anju.apps.findings.queries import current_run, findings_in_scope
from anju.cli.context import NOT_READY, fail, json_option, load_checked_policy, migrated, say
from anju.core.terms.viewer import Viewer

OPERATOR = Viewer(name="operator", role="operator", scopes=("/",))


@click.group()
def findings() -> None:
    """Breaches of the last whole run."""


@findings.command("list")
@click.option("--standard", help="Only this standard.")
@click.option("--level", type=click.Choice(["red", "orange", "yellow", "blue"]), help="Only this level.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@json_option
def list_(standard: str | None, level: str | None, limit: int, as_json: bool) -> None:
    """List findings by place. People appear by our own key only.

    \b
    anju findings list --standard ED-01 --level red
    anju findings list --limit 1000 --json
    """
    migrated()
    run = current_run()
    if run is None:
        fail("nothing has been judged yet", "anju run", code=NOT_READY)
    rows = findings_in_scope(OPERATOR)
    if standard:
        known = sorted(load_checked_policy(drafts=True).standards)
        if standard not in known:
            fail(f"there is no standard {standard}", f"one of {', '.join(known)}")
        rows = rows.filter(standard=standard)
    if level:
        rows = rows.filter(level=level)
    shown = list(rows[:limit])
    data = {
        "day": run.day.isoformat(),
        "shown": len(shown),
        "findings": [
            {"standard": f.standard, "subject": f.subject, "key": f.subject_key or f.subject_id, "breach": f.breach, "level": f.level,
             "at_least": f.at_least}
            for f in shown
        ],
    }  # fmt: skip
    lines = [f"{f.standard}  {f.level:<7} {f.subject:<10} {f.subject_key or f.subject_id!s:<24} {f.breach}" for f in shown]
    say(as_json, data, lines or ["no finding"])
