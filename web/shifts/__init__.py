"""The pages of the shift: what is handed over, what is open, and the bulletins."""
