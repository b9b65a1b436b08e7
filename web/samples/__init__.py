"""Random draws: making them, and proving them."""
