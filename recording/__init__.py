"""From audio file to transcript, and its keeping: ingest, audio, VAD, ASR."""
