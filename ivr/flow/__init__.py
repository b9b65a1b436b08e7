"""Call flows: YAML documents that say what a caller hears and where a call goes, and their pure interpreter.

`check` loads and checks documents, `interpreter` walks calls through them one event at a time, `walk` plays
a scripted caller. Telephony is not here: drivers report `events` and carry out `instructions`.
"""
