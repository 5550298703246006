"""The REST interface: what the pages show and do, for programs, with the same scope and masks."""
