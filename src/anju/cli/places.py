"""anju places: the scope tree and the official lists."""

from __future__ import annotations

from pathlib import Path

import click
from django.utils import timezone

from anju.apps.places.actions import import_scope_places
from anju.apps.places.official import import_official_list
from anju.cli.context import FOUND, Day, actor, json_option, load_checked_policy, migrated, say
from anju.core.contracts.model import Programme


@click.group()
def places() -> None:
    """Places: who is responsible for them, and how the statistics call them."""


@places.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--official", is_flag=True, help="An official statistical list instead of our own tree of responsibility.")
@click.option("--vintage", type=Day(), help="The day of an official list.")
@click.option("--layout", type=click.Choice(["columns", "nested"]), default="columns", show_default=True)
@json_option
def import_(file: Path, official: bool, vintage: object, layout: str, as_json: bool) -> None:
    """Import places from FILE.

    \b
    anju places import places.csv
    anju places import list_2021.csv --official --vintage 2021-10-31
    """

    migrated()
    policy = load_checked_policy()
    assert isinstance(policy.programme, Programme)
    if official:
        if vintage is None:
            raise click.UsageError("an official list needs its day: --vintage 2021-10-31")
        data = import_official_list(file, vintage=vintage, layout=layout).as_dict()  # type: ignore[arg-type]
    else:
        data = import_scope_places(
            file,
            by=actor(),
            at=timezone.now(),
            programme_code=policy.programme.code,
            programme_name=policy.programme.title.zh,
            root_level=policy.programme.levels[0].name,
            unit_level=policy.programme.unit_level,
        ).as_dict()
    say(as_json, data, [f"{name.replace('_', ' ')}: {value}" for name, value in data.items()])
    if data.get("refused"):
        raise SystemExit(FOUND)
