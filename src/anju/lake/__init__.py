"""What was true on a day. The only room that speaks to DuckDB."""
