"""Commands of the assembly itself: those that belong to no single room."""
