"""Scorecards that come with the product."""
