"""Measures: numbers taken from one heard call, each with the stretches of time it was taken from.

Pure functions of a `HeardCall`, one measure a file; what a number means for a grade is `qa.rules`'
business. A change of any measure's outcome raises `MEASURE_VERSION`, and calls are scored anew beside
their old scores.
"""

from typing import Final

MEASURE_VERSION: Final = 1
