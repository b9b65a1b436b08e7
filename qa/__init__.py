"""Judging calls: scorecards, measures, phrase matching, scoring, sampling, evaluations."""
