"""Documents people write (call flows, scorecards): YAML read with line numbers, and every mistake collected.

A document comes from outside and is not trusted: its size, depth and number of findings are bounded, and
it has no aliases and no tags. What a document means is its own room's business.
"""
