"""A small deployment of its own, worked by the real commands in real processes, on the engine that the tests run on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg

from anju.core.terms.identifiers import check_digit

ROOT = Path(__file__).resolve().parents[1]
DAY = "2023-09-26"
SERVER = os.environ.get("ANJU_DATABASE_URL", "")


def _interruptible() -> None:
    """Tests that run in the background inherit that SIGINT is ignored; a command at a terminal does not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Deployment:
    """`url` is '' for SQLite in the data folder; on PostgreSQL a database of its own, made here and dropped by `end`."""

    def __init__(self, data: Path, *, engine: str | None = None, template: str = "") -> None:
        self.data = data
        engine = engine or ("postgresql" if SERVER.startswith("postgres") else "sqlite")
        self.url = self._database(template) if engine == "postgresql" else ""

    @staticmethod
    def _database(template: str) -> str:
        name = f"anju_{uuid4().hex[:12]}"
        with psycopg.connect(SERVER, autocommit=True) as con:
            con.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        return urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))

    def copy(self, data: Path) -> Deployment:
        """Another deployment in the state of this one."""
        shutil.copytree(self.data, data)
        return Deployment(data, engine="postgresql" if self.url else "sqlite", template=urlsplit(self.url).path[1:])

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """What the database holds, looked at from outside."""
        if self.url:
            with psycopg.connect(self.url) as server:
                return server.execute(sql).fetchall()  # type: ignore[call-overload,no-any-return]
        with closing(sqlite3.connect(self.data / "anju.sqlite3")) as file:
            return file.execute(sql).fetchall()

    def end(self) -> None:
        if self.url:
            with psycopg.connect(SERVER, autocommit=True) as con:
                con.execute(f"DROP DATABASE IF EXISTS {urlsplit(self.url).path[1:]} WITH (FORCE)")

    @property
    def environment(self) -> dict[str, str]:
        here = {"ANJU_DATA": str(self.data), "ANJU_DATABASE_URL": self.url, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"}
        return {**os.environ, **here}

    def start(self, *words: str, module: str = "anju") -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", module, *words], env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=_interruptible,
        )  # fmt: skip

    def anju(self, *words: str, code: int = 0) -> str:
        """What a command printed; fails the test where it ended otherwise than with `code`."""
        process = self.start(*words)
        out, err = process.communicate()
        assert process.returncode == code, f"anju {' '.join(words)}: {process.returncode}\n{out}\n{err}"
        return out if out else err

    def json(self, *words: str, code: int = 0) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.anju(*words, "--json", code=code))
        return found

    def findings(self) -> list[object]:
        found = self.json("findings", "list", "--limit", "1000")["findings"]
        assert isinstance(found, list)
        return found

    def judge(self) -> dict[str, object]:
        return self.json("run", "--as-of", DAY, "--known-at", f"{DAY}T18:00")


def number(nth: int, born: date) -> str:
    body = f"522301{born:%Y%m%d}{nth % 1000:03d}"
    return body + check_digit(body)


def write_files(folder: Path, *, households: int = 60) -> dict[str, Path]:
    """Places, registers, and a school roll with a dropped-out child, a child that is not on it, and a row without a term."""
    folder.mkdir(parents=True, exist_ok=True)
    homes = ["household_code,dest_community_code,move_in_date,member_count,status"]
    people, roll = (
        ["person_id,household_code,name,sex,alive"],
        ["person_id,term,school_code,school_unit_code,stage,grade,status,boarding,enrolled_on"],
    )
    for n in range(1, households + 1):
        child = number(500 + n, date(2013, 3, 1 + n % 28))
        homes.append(f"H{n},C1,2019-02-20,2,active")
        people += [f"{number(n, date(1985, 5, 1 + n % 28))},H{n},韦秀英,2,true", f"{child},H{n},韦小明,1,true"]
        status = "dropped_out" if n == 2 else "enrolled"
        if n != 3:
            roll.append(f"{child},{'' if n == 4 else '2023-2024-1'},U1-primary-1,U1,primary,4,{status},false,2019-09-01")
    places = ["level,code,name,parent_code,statistical_code", "unit,U1,义龙,,522301", "street,S1,木贾,U1,", "community,C1,新城,S1,"]
    texts = {"places.csv": places, "households.csv": homes, "people.csv": people, "F09_U1_2023-2024-1.csv": roll}
    for name, lines in texts.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {name.split(".")[0].split("_")[0]: folder / name for name in texts}


def fill(deployment: Deployment, files: dict[str, Path]) -> None:
    """Takes everything in, as an operator would; the roll has a row that is set aside."""
    deployment.anju("places", "import", str(files["places"]))
    deployment.anju("people", "import", str(files["households"]), str(files["people"]), "--received-at", "2023-08-01")
    deployment.anju("feeds", "import", str(files["F09"]), "--received-on", "2023-09-12", code=1)
