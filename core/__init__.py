"""Shared kernel: settings, database, events, jobs, blobs, accounts, audit, clock, errors, logging, i18n.

It knows no call, no recording and no score, and imports none of the other rooms.
"""
