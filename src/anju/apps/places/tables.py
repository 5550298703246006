"""A list of places as rows of text, whatever kind of file it came in."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from anju.lake.checks import cell
from anju.lake.duck import open_duckdb
from anju.lake.files import FileRefused, load_raw
from anju.lake.headers import folded


def read_rows(
    path: Path, wanted: Sequence[str], optional: Sequence[str] = (), *, also: Mapping[str, str] | None = None
) -> list[tuple[int, tuple[str, ...]]]:
    """(line, cells in the order of `wanted` and `optional`), '' where empty. `also`: other headings, and the name each stands for.

    Raises FileRefused where a column is missing."""
    names = {folded(name): name for name in (*wanted, *optional)} | {folded(name): meant for name, meant in (also or {}).items()}
    with tempfile.TemporaryDirectory(prefix="places-") as work:
        con = open_duckdb(temp_directory=Path(work))
        try:
            raw = load_raw(con, path, lambda row: sum(folded(str(text)) in names for text in row), Path(work))
            at = {names[folded(text)]: n for n, text in enumerate(raw.header) if folded(text) in names}
            missing = [name for name in wanted if name not in at]
            if missing:
                raise FileRefused(
                    f"'{path.name}' has no column {', '.join(missing)}", f"it has: {', '.join(raw.header)}", "add it, or check the layout"
                )
            cells = ", ".join(f"COALESCE({cell(at.get(name))}, '')" for name in (*wanted, *optional))
            rows = con.execute(f"SELECT line, {cells} FROM raw ORDER BY line").fetchall()
        finally:
            con.close()
    return [(int(row[0]), tuple(row[1:])) for row in rows if any(row[1:])]
