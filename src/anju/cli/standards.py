"""anju standards: check the rules, list them, show their SQL."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from anju.cli.context import FOUND, Day, fail, json_option, load_checked_policy, policy_folder, say
from anju.core.standards.boundaries import unguarded
from anju.core.standards.cases import read_cases, run_case
from anju.core.standards.read import read_policy
from anju.lake.engine import standard_sql


@click.group()
def standards() -> None:
    """The standards: the rules that officials decide."""


@standards.command()
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--drafts", is_flag=True, help="Check the drafts too.")
@json_option
def check(folder: Path | None, drafts: bool, as_json: bool) -> None:
    """Check every file of the policy in FOLDER (default: the one in use); all faults at once, each with its place.

    \b
    anju standards check --drafts
    anju standards check ../our-policy --json
    """
    where = folder or policy_folder()
    policy, faults = read_policy(where, drafts=drafts)
    if policy is None:
        say(as_json, {"faults": [fault.as_dict() for fault in faults]}, [str(fault) for fault in faults])
        click.echo(f"{len(faults)} faults", err=True)
        raise SystemExit(FOUND)
    data = {"standards": len(policy.standards), "features": len(policy.features), "feeds": len(policy.contracts), "digest": policy.digest}
    say(as_json, data, [f"no fault: {len(policy.standards)} standards, {len(policy.contracts)} feeds, {len(policy.parameters)} parameters"])


@standards.command("test")
@click.option("--boundaries", is_flag=True, help="Say too which small change of a standard in force no case would notice.")
@json_option
def test(boundaries: bool, as_json: bool) -> None:
    """Judge the cases beside the standards, and say which do not get the answer they expect.

    \b
    anju standards test
    anju standards test --boundaries
    """
    policy = load_checked_policy(drafts=True)
    cases = read_cases(policy, policy_folder())
    results = [run_case(policy, case) for case in cases]
    failed = [result for result in results if result.wrong]
    in_force = sorted(load_checked_policy().standards) if boundaries else []
    open_ = [(code, str(slip)) for code in in_force for slip in unguarded(policy, code, cases)]
    data = {"cases": len(results), "failed": [{"file": r.file, "case": r.name, "wrong": r.wrong} for r in failed]}
    data |= {"unguarded": [{"standard": code, "change": change} for code, change in open_]} if boundaries else {}
    lines = [f"{r.file}: {r.name}: {r.wrong}" for r in failed]
    lines += [f"{code}: no case would notice this: {change}" for code, change in open_]
    say(as_json, data, [*lines, f"{len(results)} cases, {len(failed)} failed" + (f", {len(open_)} boundaries open" if boundaries else "")])
    if failed or open_:
        raise SystemExit(FOUND)


@standards.command("list")
@json_option
def list_(as_json: bool) -> None:
    """The standards in force.

    \b
    anju standards list
    """
    policy = load_checked_policy()
    data = [{"code": s.code, "subject": s.subject, "en": s.title.en, "zh": s.title.zh} for s in policy.standards.values()]
    say(as_json, {"standards": data}, [f"{s['code']}  {s['subject']:<10} {s['zh']}  {s['en']}" for s in data])


@standards.command()
@click.argument("code")
@click.option("--as-of", type=Day(), default=None, help="The day (default: today).")
@json_option
def sql(code: str, as_of: date | None, as_json: bool) -> None:
    """The statements that judge one standard.

    \b
    anju standards sql ED-01 --as-of 2023-09-26
    """
    policy = load_checked_policy()
    if code not in policy.standards:
        fail(f"there is no standard {code}", f"one of {', '.join(sorted(policy.standards))}")
    day = as_of or date.today()  # noqa: DTZ011
    text = standard_sql(policy, code, day)
    say(as_json, {"standard": code, "day": day, "sql": text}, [text])
