"""Shifts: their hours, what one hands over to the next, and the notices everybody has to have read."""
