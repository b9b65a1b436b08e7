"""Coverage-guided fuzzing of the three parsers that read what Asterisk, and through it a caller, sends."""
