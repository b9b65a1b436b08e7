"""`doctor` says when agents are heard on the callers' track."""

import pytest

from core.i18n import use_locale
from core.settings import Settings
from ivr.models import Call
from ivr.twilio.models import TwilioRecording
from qa.publishing import current_version
from qa.sides import Sides, latest_sides
from recording.models import Role
from sansheng.commands.doctor import examine
from tests.conftest import NOW
from tests.integration.qa.rows import EXEMPLARY, agent, transcribed

SHIPPED = "hotline-etiquette"


@pytest.fixture
def swapped(installation):
    """Two conversations on Twilio, one of them with its channels the other way round, and one on Asterisk."""
    other = {Role.AGENT: Role.CALLER, Role.CALLER: Role.AGENT}
    with installation.unit_of_work() as session:
        current_version(session, at=NOW)
        who = agent(session)
        for number, provider in enumerate(("twilio", "twilio", "asterisk")):
            transcript = transcribed(session, who, EXEMPLARY)
            call = transcript.recording.call
            call.provider, call.provider_call_id = provider, f"CA{number}"
            if number != 1:
                for row in (*transcript.recording.tracks, *transcript.utterances):
                    row.role = other[Role(row.role)]
            if provider == "twilio":
                session.add(
                    TwilioRecording(
                        sid=f"RE{number}", call_sid=f"CA{number}", kind="conversation", channels=2,
                        state="deleted", noted_at=NOW,
                    )
                )  # fmt: skip
    return installation


def test_twilios_latest_conversations_are_looked_at(swapped):
    with swapped.unit_of_work(read_only=True) as session:
        assert session.query(Call).count() == 3
        assert latest_sides(session, SHIPPED) == Sides(looked_at=2, contradicted=1)
        assert latest_sides(session, SHIPPED, most=1) == Sides(looked_at=1, contradicted=0)


def test_before_anything_was_scored_nothing_is_contradicted(installation):
    with installation.unit_of_work(read_only=True) as session:
        assert latest_sides(session, SHIPPED) == Sides(0, 0)


def test_the_doctor_tells_which_setting_to_change(swapped):
    settings: Settings = swapped.settings
    twilio = settings.twilio.model_copy(update={"account_sid": "AC" + "0" * 32})
    with use_locale("en"):
        found = {f.part: f for f in examine(settings.model_copy(update={"twilio": twilio}))}
        assert found["tracks"].state == "warning"
        assert "of the last 2" in found["tracks"].text
        assert "SANSHENG_TWILIO_PARENT_CHANNEL" in found["tracks"].text
        assert "tracks" not in {f.part for f in examine(settings)}
