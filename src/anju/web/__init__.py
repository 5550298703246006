"""The pages: a door, with one room for each audience."""
