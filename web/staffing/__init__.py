"""The staffing page: how many agents an interval needs, and what a day of the forecast needs."""
