"""Logging in and out, and the choices that belong to a browser: language and colours."""
