"""One recording: its page with player, transcript and score sheet, its sound and its waveform."""
