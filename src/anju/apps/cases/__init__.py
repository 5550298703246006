"""Trouble in somebody's hands: from the alert through verification, judgement, measures and feedback to a proven close-out, and after."""
