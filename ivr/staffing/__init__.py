"""How many agents an interval needs: queueing formulas, callers' patience, and a forecast of the calls."""
