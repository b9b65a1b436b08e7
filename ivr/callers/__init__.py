"""Callers who are known: refused, or answered before others."""
