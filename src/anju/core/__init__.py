"""What the rules say: pure functions on values. No Django, no database, no clock."""
