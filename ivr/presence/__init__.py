"""When agents were logged in, and when and why they paused: derived from the call log's events of no call."""
