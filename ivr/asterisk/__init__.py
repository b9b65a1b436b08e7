"""Calls on Asterisk: the FastAGI server, the driver of the flow, its configuration."""
