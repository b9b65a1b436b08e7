"""axe finds nothing serious on any page, in light and dark, wide and narrow; nothing scrolls sideways.

axe styles the page while it measures, which our content security policy forbids: these windows do without it.
"""

import pytest

from tests.browser.conftest import AXE

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGES = [
    (None, "/login"),
    ("inspector", "/"),
    ("agent", "/"),
    ("qa_lead", "/"),
    ("inspector", "/calls"),
    ("inspector", "/calls?outcome=failed"),
    ("inspector", "/calls/3"),
    ("inspector", "/recordings/1"),
    ("agent", "/recordings/1"),
    ("inspector", "/recordings/2"),
    ("qa_lead", "/samples"),
    ("qa_lead", "/samples/1"),
    ("admin", "/"),
    ("admin", "/admin/users"),
    ("admin", "/admin/jobs"),
    ("admin", "/admin/audit"),
    ("inspector", "/recordings"),
    ("inspector", "/nowhere"),
    ("supervisor", "/wall"),
    ("supervisor", "/reports"),
    ("agent", "/duty"),
    ("supervisor", "/duty"),
    ("supervisor", "/duty/1"),
    ("supervisor", "/missed"),
    ("supervisor", "/shift"),
    ("supervisor", "/shift/bulletins"),
    ("supervisor", "/"),
    ("supervisor", "/callers"),
    ("supervisor", "/staffing"),
]


def findings(page):
    if not AXE.exists():
        pytest.skip("axe-core is missing: npm ci")
    page.evaluate(AXE.read_text())
    result = page.evaluate(
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )
    return [
        f"{found['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for found in result["violations"]
        if found["impact"] in {"serious", "critical", "moderate"}
        for node in found["nodes"][:3]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_is_accessible(page_of, scheme, width):
    found, pages = {}, {}
    for role, path in PAGES:
        page = pages.setdefault(
            role, page_of(role, scheme=scheme, width=width, bypass_csp=True) if role not in pages else None
        )
        page.goto(path)
        if path.startswith("/recordings/"):
            page.wait_for_selector("#waveform canvas", state="attached")
        if problems := findings(page):
            found[role, path] = problems
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path

    assert found == {}


def test_dialogs_are_accessible(page_of):
    page = page_of("inspector", bypass_csp=True)
    page.goto("/recordings/1")
    page.locator("[data-opens=shortcut-help]").click()
    assert findings(page) == []
    page.keyboard.press("Escape")
    page.locator("#open-submit").click()
    assert findings(page) == []
