"""Callers nobody spoke to: each one a task with a due time, an owner and an end that says why."""
