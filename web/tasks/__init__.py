"""The first page: what waits for the person who is logged in."""
