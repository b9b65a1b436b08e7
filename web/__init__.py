"""HTTP: pages and their permissions. The only room that knows requests."""
