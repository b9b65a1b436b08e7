"""What is said of a wait is read naturally in both languages, and every range has a prompt of its own."""

import pytest

from ivr.waiting.predictor import WaitRange
from ivr.waiting.wording import said_ranges, wait_prompt


@pytest.mark.parametrize(
    ("said", "language", "name", "text"),
    [
        (None, "zh", "expected_wait", "请您耐心等候。"),
        (WaitRange(2, 4), "zh", "expected_wait_2_4", "预计等候二到四分钟。"),
        (WaitRange(1, 2), "zh", "expected_wait_1_2", "预计等候一到两分钟。"),
        (WaitRange(0, 2), "zh", "expected_wait_0_2", "预计等候不超过两分钟。"),
        (WaitRange(12, 25), "zh", "expected_wait_12_25", "预计等候十二到二十五分钟。"),
        (WaitRange(10, 20), "zh", "expected_wait_10_20", "预计等候十到二十分钟。"),
        (WaitRange(2, 4), "en", "expected_wait_2_4", "The wait should be 2 to 4 minutes."),
        (WaitRange(0, 1), "en", "expected_wait_0_1", "The wait should be no more than 1 minute."),
        (None, "fr", "expected_wait", "Please stay on the line."),
    ],
)
def test_a_wait_is_said_as_people_say_it(said, language, name, text):
    prompt = wait_prompt(said, language)
    assert (prompt.id, prompt.text) == (name, text)


def test_no_two_ranges_share_a_prompt():
    ranges = list(said_ranges())
    for language in ("zh", "en"):
        prompts = [wait_prompt(said, language) for said in ranges]
        assert len({p.id for p in prompts}) == len({p.text for p in prompts}) == len(ranges)
