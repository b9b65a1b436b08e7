"""The demo hotline: scripted calls spoken by espeak-ng, with the truth about every word.

Nothing here is needed to run a real hotline; it exists so that anybody can watch the whole way of a call,
from audio to score, on a machine without a telephone line, and check the result against what was said.
"""
