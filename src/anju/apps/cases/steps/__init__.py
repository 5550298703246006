"""Every write about cases: one file for each step of the loop, one transaction and one line of the journal for each act."""
