"""The operator's commands: a door."""
