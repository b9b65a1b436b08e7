"""The lists of callers."""
