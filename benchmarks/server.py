"""A PostgreSQL of the benchmark's own: a fresh cluster on a socket, moderately tuned, gone afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

SETTINGS = {
    "listen_addresses": "''", "shared_buffers": "4GB", "work_mem": "512MB", "maintenance_work_mem": "512MB", "max_wal_size": "8GB",
    "max_parallel_workers_per_gather": "2", "max_parallel_workers": "2", "effective_cache_size": "8GB", "fsync": "off",
    "synchronous_commit": "off", "jit": "off", "random_page_cost": "1.1", "autovacuum": "off",
}  # fmt: skip
PORT = 55439


@dataclass(frozen=True, slots=True)
class Server:
    """`url` is for ANJU_DATABASE_URL, `dsn` for psycopg."""

    url: str
    dsn: str
    postmaster: int

    def processor(self) -> float:
        """Processor seconds of all sessions that have ended, with their parallel workers. Ask when no session is open."""
        while self._sessions():
            time.sleep(0.02)
        fields = Path(f"/proc/{self.postmaster}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    def _sessions(self) -> bool:
        """Whether a session's process is still there: the postmaster counts it only when it has gone."""
        children = Path(f"/proc/{self.postmaster}/task/{self.postmaster}/children").read_text().split()
        for child in children:
            with suppress(FileNotFoundError, ProcessLookupError):
                title = Path(f"/proc/{child}/cmdline").read_bytes()
                if b": anju anju" in title or not title:  # without a title it is about to end
                    return True
        return False


def binaries() -> Path | None:
    """The newest PostgreSQL on this machine, as tests/postgresql.sh installs it."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if found:
        return found[-1]
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb else None


@contextmanager
def postgresql() -> Iterator[Server]:
    """An empty database."""
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
        postmaster = int((work / "data" / "postmaster.pid").read_text().split()[0])
        yield Server(
            f"postgresql://anju@/anju?host={quote(str(work))}&port={PORT}", f"host={work} port={PORT} user=anju dbname=anju", postmaster
        )
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
