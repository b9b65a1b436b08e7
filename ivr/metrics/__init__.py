"""Queue figures: what each one means (definitions with versions), how it is counted, which calls it counts."""
