"""anju journal: seal it, take it out, and verify an export far from here."""

from __future__ import annotations

from pathlib import Path

import click
from django.utils import timezone

from anju.apps.journal.actions import bring_in, export_journal, seal, write_heads
from anju.apps.journal.chain import verify
from anju.cli.context import FOUND, json_option, migrated, say


@click.group()
def journal() -> None:
    """Who did and saw what."""


@journal.command("seal")
@click.option("--heads", type=click.Path(dir_okay=False, path_type=Path), help="A file in a second place to which the daily heads are added.")
@json_option
def seal_(heads: Path | None, as_json: bool) -> None:
    """Bring looks in, chain what is not sealed yet, and keep the daily head in a second place.

    \b
    anju journal seal --heads /mnt/elsewhere/anju-heads.txt
    """
    migrated()
    looks = bring_in()
    head = seal(at=timezone.now())
    added = write_heads(heads) if heads else 0
    say(as_json, {"looks": looks, "seq": head.seq, "hash": head.hash, "heads_added": added}, [f"sealed up to line {head.seq}: {head.hash}"])


@journal.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def export(out: Path, as_json: bool) -> None:
    """Write every sealed line to OUT as JSON lines, to be verified elsewhere.

    \b
    anju journal export journal.jsonl
    """
    migrated()
    head = export_journal(out)
    data = {"lines": head.seq if head else 0, "hash": head.hash if head else None, "file": str(out)}
    say(as_json, data, [f"{data['lines']} lines written to {out}; the head is {data['hash']}"])


@journal.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--heads", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The daily heads kept in a second place.")
@click.option("--head", multiple=True, metavar="SEQ:HASH", help="A head that was written down; may be given several times.")
@json_option
def verify_(file: Path, heads: Path | None, head: tuple[str, ...], as_json: bool) -> None:
    """Find every line of an export that was changed, is missing, was put elsewhere, or was cut off. Needs no database.

    \b
    anju journal verify journal.jsonl --heads anju-heads.txt
    """
    kept: dict[int, str] = {}
    daily = heads.read_text(encoding="utf-8", errors="replace").splitlines() if heads else []  # DAY SEQ HASH
    for text in [*(line.partition(" ")[2].replace(" ", ":") or line for line in daily), *head]:
        seq, _, value = text.partition(":")
        if not seq.isdecimal() or len(value) != 64:
            raise click.BadParameter(f"'{text}' is not a head: write SEQ:HASH, with 64 characters of hash")
        kept[int(seq)] = value
    with file.open(encoding="utf-8", errors="replace") as lines:  # a byte that is no text any more is a line that was changed
        broken = list(verify(lines, kept))
    found = [{"line": b.line, "seq": b.seq, "what": b.what} for b in broken]
    good = ["nothing was changed, left out or put elsewhere" + ("" if kept else "; without a head kept elsewhere a cut tail cannot be seen")]
    say(as_json, {"broken": found, "heads": len(kept)}, [f"{file.name}:{b.line}: {b.what}" for b in broken] or good)
    if broken:
        raise SystemExit(FOUND)
