"""`make bench`: every measurement that docs/performance.md quotes, one after the other.

Each is a program of its own (`python -m bench.NAME`); one that fails is named and does not keep the
others from running.
"""

from __future__ import annotations

import subprocess
import sys

MEASUREMENTS = (
    ("transcription, the demo model", "bench.transcription", "--width", "0"),
    ("transcription, a model as heavy as a real one", "bench.transcription"),
    ("phrase matching by character error rate", "bench.phrases"),
    ("verdicts by character error rate", "bench.verdicts"),
    ("pages with a million calls", "bench.pages"),
    ("queue_log into the ledger", "bench.ledger"),
    ("the wall, 50 calls a second", "bench.wall"),
    ("FastAGI, 200 calls at once", "bench.fastagi"),
    ("announced waits against those that came", "bench.waiting"),
    ("Twilio's webhooks, 50 calls at once", "bench.twilio"),
)


def main() -> int:
    """Run all; return how many failed."""
    failed = []
    for title, module, *arguments in MEASUREMENTS:
        print(f"\n# {title}: python -m {' '.join((module, *arguments))}", flush=True)
        if subprocess.run([sys.executable, "-m", module, *arguments], check=False).returncode:
            failed.append(module)
    for module in failed:
        print(f"failed: {module}", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
