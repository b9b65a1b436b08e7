"""Every page in both languages: it opens, says everything in its language, and is well-formed enough."""

import re
from html.parser import HTMLParser

import pytest
from babel.messages.extract import extract_from_dir

from core.i18n import catalogue
from core.jobs import Job
from tests.factories import GOOD_CALL, POOR_CALL, add_call, add_draw, add_scored_call

PAGES = [
    (None, "/login"),
    ("inspector", "/"),
    ("agent", "/"),
    ("qa_lead", "/"),
    ("admin", "/"),
    ("inspector", "/calls?period=all"),
    ("agent", "/calls"),
    ("inspector", "/calls?outcome=failed"),
    ("inspector", "/recordings/1"),
    ("agent", "/recordings/1"),
    ("supervisor", "/recordings/2"),
    ("inspector", "/calls/3"),
    ("qa_lead", "/samples"),
    ("qa_lead", "/samples/1"),
    ("qa_lead", "/samples/1/verification"),
    ("supervisor", "/missed"),
    ("supervisor", "/shift"),
    ("agent", "/shift"),
    ("supervisor", "/shift/bulletins"),
    ("agent", "/missed?state=closed"),
    ("supervisor", "/staffing"),
    ("supervisor", "/wall"),
    ("supervisor", "/reports"),
    ("supervisor", "/reports?period=week"),
    ("admin", "/admin/users"),
    ("admin", "/admin/jobs"),
    ("admin", "/admin/audit"),
    ("inspector", "/recordings"),
    ("inspector", "/nowhere"),
    ("agent", "/samples"),
]


SPOKEN = {word for _role, line in GOOD_CALL + POOR_CALL for word in line.split()}
CONTENT = SPOKEN | {"中文", "English", "系统管理员", "agent"}
"""What a page shows in any language: words that were said, names of accounts."""


def web_messages():
    """Return the msgids of this room's code and templates."""
    found = extract_from_dir(
        "web",
        method_map=[("templates/**.html", "jinja2"), ("**.py", "python")],
        keywords={"_": None, "N_": None, "gettext": None},
    )
    return {message for _file, _line, message, _comments, _context in found}


@pytest.fixture
def hotline(installation, staff):
    add_scored_call(installation, staff)
    add_scored_call(installation, staff, lines=POOR_CALL, agent=staff.other_agent)
    add_call(installation, staff, outcome="abandoned")
    add_draw(installation, staff)
    now = installation.clock.now()
    with installation.unit_of_work() as session:
        session.add(
            Job(
                name="transcribe_recording",
                key="7",
                arguments={},
                state="dead",
                available_at=now,
                finished_at=now,
                created_at=now,
                problem="the model is gone",
            )
        )


class Text(HTMLParser):
    """Collects the visible text and the labels of a page."""

    def __init__(self):
        super().__init__()
        self.parts, self.skipping = [], 0

    def handle_starttag(self, tag, attrs):
        self.skipping += tag == "script"
        self.parts += [v for k, v in attrs if k in {"aria-label", "title", "placeholder", "data-label"} and v]

    def handle_endtag(self, tag):
        self.skipping -= tag == "script"

    def handle_data(self, data):
        if not self.skipping:
            self.parts.append(data.strip())


def visible(html):
    parser = Text()
    parser.feed(html)
    return [part for part in parser.parts if part]


def test_every_text_of_the_pages_has_its_chinese():
    assert web_messages() - catalogue("zh_CN").keys() == set()


def test_translations_keep_their_values():
    def values(text):
        return set(re.findall(r"%\((\w+)\)", text))

    for message in web_messages():
        assert values(message) == values(catalogue("zh_CN")[message]), message


@pytest.mark.parametrize(("role", "path"), PAGES)
def test_a_page_speaks_chinese_only_or_english_only(browser_of, hotline, role, path):
    chinese, english = catalogue("zh_CN"), set(web_messages())
    page = browser_of(role, "zh_CN").get(path).text
    left = {part for part in visible(page) if part in english and chinese[part] != part}
    assert left <= CONTENT

    page = browser_of(role, "en").get(path).text
    translated = {chinese[m] for m in english if chinese[m] != m}
    assert {part for part in visible(page) if part in translated} <= CONTENT


@pytest.mark.parametrize(("role", "path"), PAGES)
def test_ids_are_unique_and_labels_point_somewhere(browser_of, hotline, role, path):
    page = browser_of(role).get(path).text
    ids = re.findall(r'\sid="([^"]+)"', page)

    assert len(ids) == len(set(ids))
    assert set(re.findall(r'<label for="([^"]+)"', page)) <= set(ids)
    assert set(re.findall(r'aria-labelledby="([^"]+)"', page)) <= set(ids)


def test_the_account_keeps_the_language_that_was_chosen(browser_of, staff):
    client = browser_of("inspector", "zh_CN")
    answer = client.post("/preferences", data={"locale": "en", "next": "/calls"})

    assert answer.location == "/calls"
    assert "Calls" in browser_of("inspector", "zh_CN").get("/calls").text, "another browser, same account"


def test_colours_can_be_chosen_before_logging_in(app):
    client = app.test_client()
    client.post("/preferences", data={"theme": "dark"})

    assert 'data-theme="dark"' in client.get("/login").text
    client.post("/preferences", data={"theme": '"><script>'})
    assert 'data-theme="dark"' in client.get("/login").text


def test_the_transcript_marks_doubt_gaps_and_evidence(browser_of, hotline):
    page = browser_of("inspector").get("/recordings/1").text

    assert re.search(r'<a class="w low" href="#t=[\d.]+"', page)
    assert re.search(r'<a class="w gap"[^>]* aria-label="not understood"></a>', page)
    assert re.search(r'<a class="w[^"]* ev ev-pass"[^>]*>云帆</a>', page)
    assert "[unk]" not in page


def test_a_recording_of_unknown_roles_says_so(browser_of, hotline, installation):
    from recording.models import Recording

    with installation.unit_of_work() as session:
        for track in session.get_one(Recording, 1).tracks:
            track.role = "unknown"

    assert "Roles unknown" in browser_of("inspector").get("/recordings/1").text


@pytest.mark.parametrize(
    ("state", "text"), [("stored", "Not transcribed yet"), ("failed", "could not be transcribed")]
)
def test_a_recording_without_transcript_says_why(browser_of, hotline, installation, state, text):
    from sqlalchemy import delete

    from qa.models import AutoAnswer, AutoScore
    from recording.models import Recording, Transcript, Utterance

    with installation.unit_of_work() as session:
        for rows in (AutoAnswer, AutoScore, Utterance, Transcript):
            session.execute(delete(rows))
        session.get_one(Recording, 1).state = state

    assert text in browser_of("inspector").get("/recordings/1").text


def test_the_call_page_asks_a_fixed_number_of_questions(browser_of, hotline, count_queries):
    client = browser_of("inspector")
    with count_queries() as queries:
        client.get("/recordings/1")

    assert len(queries) <= 14


def test_a_message_left_by_a_caller_has_no_score_sheet(browser_of, hotline, installation):
    from recording.models import Recording

    with installation.unit_of_work() as session:
        session.get_one(Recording, 1).kind = "voicemail"
    page = browser_of("inspector").get("/recordings/1").text

    assert 'id="sheet"' not in page
    assert 'id="transcript-list"' in page
