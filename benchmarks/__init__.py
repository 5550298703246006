"""Speed, measured side by side in one run: against the floor, and against what one would use instead.

`make bench` runs them all. They assert that the ways compared give equal answers, and never how long anything takes.
"""
