"""python -m anju: the same as the command anju."""

from __future__ import annotations

from anju.cli.main import main

if __name__ == "__main__":
    main(prog_name="anju")
