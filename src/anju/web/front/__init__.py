"""The first screen: one sentence, four numbers, one family's story, doors for the roles."""
