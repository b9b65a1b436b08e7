"""Webhooks: what other machines call. Their check is a signature, not an account."""
