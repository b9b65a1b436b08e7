"""Asterisk's configuration for an installation: templates in `templates/`, filled in from settings and database."""
