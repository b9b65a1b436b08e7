"""axe finds nothing serious on any page, in light and dark, wide and narrow; nothing scrolls sideways.

axe styles the page while it measures, which our content security policy forbids: these windows do without it.
"""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.accounts import User
from ivr.live import LiveAgent, LiveFloor, LiveQueue, LiveState, WaitingCaller, write_live
from ivr.shifts.bulletins import publish_bulletin
from ivr.shifts.log import hand_over, take_over, write_entry
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
    ("supervisor", "/reports?period=week"),
    ("supervisor", "/reports/calls?since=2026-01-01T00:00:00Z&until=2027-01-01T00:00:00Z"),
    ("supervisor", "/reports/print"),
    ("supervisor", "/reports/print?period=month"),
    ("agent", "/calls"),
    ("agent", "/missed"),
    ("agent", "/shift"),
    ("agent", "/shift/bulletins"),
    ("supervisor", "/missed?state=closed"),
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


@pytest.fixture
def busy(installation, clock, hotline):
    """A floor with a long talk and somebody waiting, and a shift with all that can be written in it."""
    now = clock.now()
    floor = LiveFloor(
        calls=2,
        queues=(
            LiveQueue(
                name="consulting", waiting=(WaitingCaller(call="8", caller="", position=1, since=now),)
            ),
        ),
        agents=(LiveAgent(agent="PJSIP/1001", state="talking", since=now - timedelta(hours=1), call="7"),),
    )
    with installation.unit_of_work() as session:
        write_live(session, LiveState(floor=floor, heard_at=now))
        people = {user.username: user for user in session.scalars(select(User))}
        for kind in ("equipment", "open_item"):
            write_entry(session, people["agent"], kind=kind, text="three telephones are silent", at=now)
        handover = hand_over(session, people["agent"], at=now)
        take_over(session, handover.id, people["supervisor"], at=now)
        write_entry(session, people["supervisor"], kind="difficult", text="a caller insists", at=now)
        publish_bulletin(
            session, people["supervisor"], title="Hours", text="We open late.", expires_at=None, at=now
        )


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
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
