"""`anju`: the operator's commands. Each says what it does with --help, and answers in JSON with --json.

\b
Exit codes: 0 done; 1 faults or refused rows were found and are listed; 2 wrong use; 3 the deployment is not ready;
4 it failed; 130 interrupted.
"""

from __future__ import annotations

import click

from anju.cli.context import set_up

set_up()

from anju.cli import (  # noqa: E402  (Django first)
    alerts,
    backup,
    calendar,
    demo,
    doctor,
    explain,
    feeds,
    findings,
    journal,
    people,
    places,
    runs,
    serve,
    staff,
    standards,
    tasks,
    token,
    worker,
)  # fmt: skip
from anju.cli.endings import Commands  # noqa: E402


@click.group(cls=Commands, help=__doc__)
@click.version_option(package_name="anju")
@click.option("--traceback", is_flag=True, help="Show the stack trace of an unexpected error (or set ANJU_DEBUG=1).")
def main(traceback: bool) -> None:
    pass


main.add_command(places.places)
main.add_command(people.people)
main.add_command(feeds.feeds)
main.add_command(runs.run)
main.add_command(explain.explain)
main.add_command(standards.standards)
main.add_command(findings.findings)
main.add_command(alerts.alerts)
main.add_command(demo.demo)
main.add_command(backup.backup)
main.add_command(backup.restore)
main.add_command(doctor.doctor)
main.add_command(serve.serve)
main.add_command(staff.staff)
main.add_command(calendar.calendar)
main.add_command(journal.journal)
main.add_command(token.token)
main.add_command(worker.worker)
main.add_command(tasks.tasks)
