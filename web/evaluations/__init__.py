"""Grading: answers, comments, submission, and what the agent and the lead say to it."""
