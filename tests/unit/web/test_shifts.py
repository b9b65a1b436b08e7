"""The shift pages: what is handed over, bulletins with their receipts, and text that stays text."""


def test_a_shift_is_handed_over_and_confirmed_on_the_page(browser_of):
    leader, agent = browser_of("supervisor"), browser_of("agent")
    assert leader.post("/shift/entries", data={"kind": "open_item", "text": "line 3"}).status_code == 303
    assert leader.post("/shift/handovers").location == "/shift"
    assert "I take over" in agent.get("/shift").text
    assert "I take over" not in leader.get("/shift").text

    assert agent.post("/shift/handovers/1/confirm").location == "/shift"
    page = agent.get("/shift").text
    assert "孙班长 → 王敏" in page
    assert 'Open items <span class="muted figures">1</span>' in page
    assert agent.post("/shift/entries/1/close", data={"reason": "repaired"}).status_code == 303
    assert 'Open items <span class="muted figures">0</span>' in agent.get("/shift").text


def test_what_was_typed_stays_in_the_form_beside_the_problem(browser_of):
    answer = browser_of("agent").post("/shift/entries", data={"kind": "gossip", "text": "kept words"})

    assert answer.status_code == 422
    assert "kept words" in answer.text


def test_a_bulletin_is_read_once_and_the_supervisor_sees_by_whom(browser_of):
    leader, agent = browser_of("supervisor"), browser_of("agent")
    leader.post("/shift/bulletins", data={"title": "<b>new</b>", "text": "one\n<script>two</script>"})
    page = agent.get("/shift").text
    assert "New bulletin" in page
    assert "&lt;script&gt;two" in page
    assert "<b>new" not in page
    assert "0 have read it, 1 agents have not" in leader.get("/shift/bulletins").text

    assert agent.post("/shift/bulletins/1/read").location == "/shift"
    assert "New bulletin" not in agent.get("/shift").text
    assert "1 have read it, 0 agents have not" in leader.get("/shift/bulletins").text
    assert "agents have not" not in agent.get("/shift/bulletins").text


def test_an_agent_publishes_nothing(browser_of):
    answer = browser_of("agent").post("/shift/bulletins", data={"title": "mine", "text": "all mine"})

    assert answer.status_code == 403


def test_a_day_that_is_none_is_said(browser_of):
    data = {"title": "soon", "text": "text", "expires": "tomorrow"}
    answer = browser_of("supervisor").post("/shift/bulletins", data=data)

    assert answer.status_code == 422
    assert "tomorrow is not a date." in answer.text
