"""`python -m tests.fuzz agi|ami|queue_log [SECONDS]`: fuzz one parser with atheris (`make fuzz` does all three).

Not part of `make test`, where hypothesis holds the parsers to the same promises. An input that breaks one is kept
in the folder this is run in, as `crash-...`; the figures are printed at the end.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=["ivr.asterisk.agi_reply", "ivr.asterisk.ami.protocol", "ivr.ledger.reading"]
):
    from tests.fuzz.promises import PROMISES

CAPTURES = Path(__file__).parents[1] / "data"
LONGEST = 80_000
"""Bytes of one input: longer than the longest line any of the three takes."""
MOST_MEMORY_MB = 400
SLOWEST_S = 5


def main():
    name, seconds = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "200"
    with tempfile.TemporaryDirectory() as found:
        atheris.Setup(
            [
                sys.argv[0],
                f"-max_total_time={seconds}",
                f"-max_len={LONGEST}",
                f"-rss_limit_mb={MOST_MEMORY_MB}",
                f"-timeout={SLOWEST_S}",
                "-print_final_stats=1",
                "-reload=0",
                found,
                str(CAPTURES / name),
            ],
            PROMISES[name],
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
