"""What surrounds every page: the sections at the top of a telephone's screen, and the wall on a television."""

import pytest

pytestmark = pytest.mark.browser


def test_a_narrow_screen_shows_which_section_one_is_in(page_of):
    page = page_of("supervisor", width=390)
    page.goto("/staffing")
    shown = page.locator(".nav [aria-current]").bounding_box()
    assert shown["x"] >= 0
    assert shown["x"] + shown["width"] <= 390


def test_a_television_shows_the_whole_wall(page_of):
    page = page_of("supervisor")
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto("/wall")
    assert page.evaluate("document.documentElement.scrollHeight") <= 1080
