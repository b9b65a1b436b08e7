"""The missed-call list: who is to be called back, until when, by whom, and what became of it."""
