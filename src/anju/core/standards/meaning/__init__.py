"""What a standard means, in plain Python: slow, and obviously right. It explains, and it is the compiler's oracle."""

from anju.core.standards.meaning.judge import Finding, judge

__all__ = ["Finding", "judge"]
