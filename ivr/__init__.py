"""Answering calls and the call log: flows, simulator, queue facts. Recordings are unknown here."""
