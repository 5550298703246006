"""The official calendar: which days of a year are off and which weekends are worked, loaded by an administrator, each version kept."""
