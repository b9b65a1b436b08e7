"""The supervisor's wall: this moment and today, readable from six metres."""
