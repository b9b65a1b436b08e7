"""An inspector grades a sampled call: with the mouse where it is a mouse's work, and by keyboard alone."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from qa.models import Evaluation

pytestmark = pytest.mark.browser


def playing_at(page):
    return float(page.locator("#position").input_value())


def wait_for_position(page, least, most=1e9):
    """Wait until the sound is between two positions; no string is evaluated, as the page's policy forbids it."""
    page.locator("#position").evaluate(
        """(slider, [least, most]) => new Promise((done, fail) => {
            const stop = setTimeout(() => fail(new Error(`the sound is at ${slider.value}`)), 10000);
            const look = () => {
                const at = Number(slider.value);
                if (at < least || at >= most) requestAnimationFrame(look);
                else { clearTimeout(stop); done(at); }
            };
            look();
        })""",
        [least, most],
    )


def evaluations(installation):
    with installation.unit_of_work(read_only=True) as session:
        found = session.scalars(select(Evaluation)).all()
        return [(e.state, {a.criterion: (a.verdict, a.reason) for a in e.answers}) for e in found]


def open_call(page, recording):
    page.goto(f"/recordings/{recording.id}")
    expect(page.locator("#waveform canvas").first).to_be_attached()


def test_a_sampled_call_is_opened_from_the_tasks_and_plays(page_of):
    page = page_of("inspector")
    page.get_by_role("link", name="评下一通").click()
    page.wait_for_url("**/recordings/*")
    expect(page.locator("#waveform canvas").first).to_be_attached()

    page.get_by_role("button", name="播放", exact=True).click()
    wait_for_position(page, 0.8)
    expect(page.locator("a.w.now")).to_have_count(1)
    expect(page.locator(".utterance.now")).to_have_count(1)
    page.get_by_role("button", name="暂停").click()
    expect(page.get_by_role("button", name="播放", exact=True)).to_be_visible()


def test_clicking_a_word_or_pressing_enter_on_it_goes_there(page_of, hotline):
    page = page_of("inspector")
    open_call(page, hotline[0])
    word = page.locator("a.w", has_text="运费").last
    moment = float(word.get_attribute("href").removeprefix("#t="))
    word.click()
    wait_for_position(page, moment - 0.1)
    page.keyboard.press("k")
    assert moment - 0.15 <= playing_at(page) < moment + 3

    first = page.locator("a.w").first
    first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    wait_for_position(page, 0, 4)


def test_only_ranges_of_the_sound_are_fetched_and_never_decoded(page_of, hotline, server):
    page = page_of("inspector")
    statuses = []
    page.on("response", lambda r: statuses.append(r.status) if r.url.endswith("/audio") else None)
    page.add_init_script("window.AudioContext = class { constructor() { throw new Error('decoding') } }")
    open_call(page, hotline[0])
    page.locator("a.w").nth(40).click()
    wait_for_position(page, 1)

    assert set(statuses) == {206}


def test_evidence_is_played_from_its_chip(page_of, hotline):
    page = page_of("inspector")
    open_call(page, hotline[1])
    chip = page.locator("#criterion-banned_refusal .chip").first
    moment = float(chip.get_attribute("data-seek"))
    chip.click()
    wait_for_position(page, moment)


def test_a_whole_evaluation_by_keyboard_alone(page_of, hotline, installation):
    page = page_of("inspector", locale="en")
    open_call(page, hotline[0])
    keys = page.keyboard
    saved = lambda: page.expect_response(lambda r: r.url.endswith("/answers"))  # noqa: E731

    keys.press("k")
    wait_for_position(page, 0.3)
    keys.press("k")
    machine = page.locator(".criterion").evaluate_all("all => all.map(c => c.dataset.machine)")
    for index, verdict in enumerate(machine):
        keys.press("ArrowDown")
        if index == 1:  # overrule the machine, which heard the company
            with saved():
                keys.press("2")
            keys.type("said too late")
            with saved():
                keys.press("Escape")
            continue
        allowed_na = page.locator(".criterion").nth(index).locator("[value=na]").is_enabled()
        with saved():
            keys.press({"fail": "2", "na": "3" if allowed_na else "1"}.get(verdict, "1"))
    keys.press("c")
    keys.type("well spoken")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.locator("#comments li p").first).to_have_text("well spoken")

    page.locator("#sheet").focus()
    keys.press("s")
    expect(page.locator("#submit-dialog")).to_be_visible()
    keys.press("Tab")
    while page.evaluate("document.activeElement.textContent.trim()") != "Submit":
        keys.press("Tab")
    keys.press("Enter")
    expect(page.locator(".head-tags")).to_contain_text("Submitted")

    ((state, answers),) = evaluations(installation)
    assert state == "submitted"
    assert answers["greeting_company"] == ("fail", "said too late")
    assert len(answers) == len(machine)


def test_an_incomplete_sheet_says_what_is_missing_and_leads_there(page_of, hotline, installation):
    page = page_of("inspector", locale="en")
    open_call(page, hotline[0])
    page.locator("#open-submit").click()
    page.get_by_role("button", name="Submit", exact=True).click()

    expect(page.get_by_role("alert").first).to_contain_text("23 criteria are not complete")
    assert evaluations(installation)[0][0] == "draft"


def test_single_keys_can_be_switched_off_and_never_act_while_typing(page_of, hotline):
    page = page_of("inspector")
    open_call(page, hotline[0])
    page.locator("#comment-text").fill("k 1 2 3")
    expect(page.locator(".criterion.current")).to_have_count(0)
    page.locator("#sheet-title").click()
    page.keyboard.press("?")
    page.locator("#shortcuts-on").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")

    expect(page.locator(".criterion.current")).to_have_count(0)
    page.reload()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".criterion.current")).to_have_count(0)


def test_a_refused_answer_is_told_and_the_sheet_stays(page_of, hotline, installation, staff):
    page = page_of("inspector", locale="en")
    open_call(page, hotline[0])
    with installation.unit_of_work() as session:
        session.get_one(type(staff.inspector), staff.inspector.id).session_epoch += 1
    page.locator("#criterion-greeting_first .choice.pass").click()

    expect(page.locator("#problem")).to_contain_text("Your session has ended")
    expect(page.locator("#sheet-summary")).to_be_visible()
