"""On duty: an agent's own state and what can be done about it; for supervisors everybody's, and listening in."""
