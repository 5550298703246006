"""Turns a checked policy into a few SQL statements for DuckDB. Text only: the lake runs them.

Kleene's logic is SQL's own: a feature's value column is NULL in every state but *value*. Beside it stand a state
column and, for sums and counts of what cannot be negative, a bound.
"""

from anju.core.standards.compile.plan import RunPlan, compile_run
from anju.core.standards.compile.tables import Step

__all__ = ["RunPlan", "Step", "compile_run"]
