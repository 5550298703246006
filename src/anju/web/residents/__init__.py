"""For the family itself, without an account: its answer whether a matter is solved, by a link that serves once."""
