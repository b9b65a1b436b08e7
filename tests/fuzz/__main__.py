"""`python -m tests.fuzz agi|ami|queue_log [SECONDS]`: fuzz one parser with atheris (`make fuzz` does all three).

Not part of `make test`: the promises run there with hypothesis and on what was found here. What is found is kept
in the folder it is run in, as `crash-...`; the figures are printed at the end.
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


main()
