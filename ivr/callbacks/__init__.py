"""Callbacks: what a caller was promised, and how the promise is kept."""
