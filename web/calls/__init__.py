"""The call log: finding calls, and everything known about one call."""
