"""Rules: what a criterion asks of a heard call.

Each kind is one frozen dataclass that reads its own settings from the scorecard and judges;
`qa.rules.registry` names them all.
"""
