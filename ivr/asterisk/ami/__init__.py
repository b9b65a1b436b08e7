"""Asterisk's Manager Interface: live state and commands. The ledger never comes from here (see `ivr.ledger`)."""
