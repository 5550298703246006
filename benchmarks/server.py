"""A PostgreSQL of the benchmark's own: a fresh cluster on a socket, moderately tuned, gone afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

SETTINGS = {
    "listen_addresses": "''", "shared_buffers": "4GB", "work_mem": "512MB", "maintenance_work_mem": "512MB", "max_wal_size": "8GB",
    "max_parallel_workers_per_gather": "2", "max_parallel_workers": "2", "effective_cache_size": "8GB", "fsync": "off",
    "synchronous_commit": "off", "jit": "off", "random_page_cost": "1.1",
}  # fmt: skip
PORT = 55439


def binaries() -> Path | None:
    """The newest PostgreSQL on this machine, as tests/postgresql.sh installs it."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if found:
        return found[-1]
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb else None


@contextmanager
def postgresql() -> Iterator[tuple[str, str]]:
    """Yields (URL for ANJU_DATABASE_URL, DSN for psycopg) of an empty database."""
    bin_ = binaries()
    if bin_ is None:
        raise SystemExit("This benchmark needs PostgreSQL and it is not installed. Type:  sudo apt-get install postgresql")
    work = Path(tempfile.mkdtemp(prefix="anju-bench-pg-"))
    owner = _owner(work)
    options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
    try:
        _call([*owner, str(bin_ / "initdb"), "-D", f"{work}/data", "-U", "anju", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"])
        _call([*owner, str(bin_ / "pg_ctl"), "-D", f"{work}/data", "-w", "-l", f"{work}/log", "-o", f"-k {work} -p {PORT} {options}", "start"])
        _call([*owner, str(bin_ / "createdb"), "-h", str(work), "-p", str(PORT), "-U", "anju", "anju"])
        yield f"postgresql://anju@/anju?host={quote(str(work))}&port={PORT}", f"host={work} port={PORT} user=anju dbname=anju"
    finally:
        subprocess.run(
            [*owner, str(bin_ / "pg_ctl"), "-D", f"{work}/data", "-m", "immediate", "stop"], check=False, cwd="/", stdout=subprocess.DEVNULL
        )
        shutil.rmtree(work, ignore_errors=True)


def _owner(work: Path) -> list[str]:
    """The prefix that runs a command as the folder's owner: initdb refuses root."""
    if os.geteuid() != 0:
        return []
    if subprocess.run(["id", "-u", "postgres"], check=False, capture_output=True).returncode:
        _call(["useradd", "--system", "postgres"])
    shutil.chown(work, "postgres")
    work.chmod(0o755)
    group = subprocess.run(["id", "-g", "postgres"], check=True, capture_output=True, text=True).stdout.strip()
    return ["setpriv", "--reuid=postgres", f"--regid={group}", "--init-groups"]


def _call(command: list[str]) -> None:
    # to a file, not a pipe: the server that pg_ctl leaves behind would keep a pipe open for ever
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(command, check=False, stdout=said, stderr=subprocess.STDOUT, cwd="/")
        if done.returncode:
            said.seek(0)
            raise RuntimeError(f"{command[0]} failed: {said.read().decode(errors='replace')}")
