"""How a case moves: its states and steps, its clocks, and what must be shown before it may close."""
