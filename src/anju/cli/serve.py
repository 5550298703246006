"""anju serve: the pages and the API, by one command."""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import suppress
from pathlib import Path

import click
from django.core.management import call_command

from anju.cli.context import data_folder, fail, migrated
from anju.web.layout.catalogues import compile_stale

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option("--workers", default=2, show_default=True, help="Processes that answer.")
def serve(host: str, port: int, workers: int) -> None:
    """Serve the pages until interrupted.

    \b
    anju serve
    anju serve --host 0.0.0.0 --port 80 --workers 4
    """
    migrated()
    if os.environ.get("ANJU_SAMPLE") == "1" and host not in LOOPBACK:
        fail("a sample deployment lets anybody in, and is served on this machine only", "leave --host out, or unset ANJU_SAMPLE")
    start_serving(host, port, workers)


def start_serving(host: str, port: int, workers: int) -> None:
    """Becomes the server: returns never. The environment holds its settings."""
    session_key(data_folder() / "keys" / "session.key")
    with suppress(OSError):  # an installation that cannot be written to has its catalogues compiled already
        compile_stale()
    call_command("collectstatic", verbosity=0, interactive=False)
    click.echo(f"Anju on http://{host}:{port}/  (Ctrl-C ends it)", err=True)
    program = str(Path(sys.executable).with_name("granian"))
    os.execv(
        program,
        [
            program, "--interface", "wsgi", "--host", host, "--port", str(port), "--workers", str(workers), "--blocking-threads", "4",
            "--backpressure", "64", "--no-ws", "--log-level", "warning", "anju.wsgi:application",
        ],
    )  # fmt: skip


def session_key(path: Path) -> None:
    """What sessions are signed with: made once, readable by its owner only; of two servers that start together one makes it."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
