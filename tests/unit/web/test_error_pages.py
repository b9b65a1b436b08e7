"""Error pages: who is logged in stays logged in, and the code can be told to an administrator."""


def test_a_wrong_address_keeps_the_navigation_of_whoever_is_logged_in(browser_of):
    page = browser_of("inspector").get("/nowhere").text

    assert 'href="/calls"' in page
    assert "周晓" in page
    assert "aria-current" not in page, "the page belongs to no section"


def test_nobody_is_named_to_who_is_not_logged_in(browser_of):
    answer = browser_of(None).get("/nowhere")

    assert answer.status_code == 404
    assert 'class="nav"' not in answer.text


def test_a_defect_tells_code_and_time_but_nothing_of_the_inside(app, browser_of, installation):
    def broken():
        raise RuntimeError("a secret of the inside")

    app.view_functions["health"] = broken
    app.testing = False
    answer = browser_of("inspector").get("/health")

    assert answer.status_code == 500
    assert "Code 500 internal" in answer.text
    assert "secret of the inside" not in answer.text
