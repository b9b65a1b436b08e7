"""Only what Twilio signed for our address with our token passes, however the address is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from ivr.twilio.signature import is_signed, sign

TOKEN = "12345"
FORM = [
    ("CallSid", "CA1"),
    ("From", "+8613800138000"),
    ("To", "+864008000000"),
    ("Digits", ""),
    ("Name", "张 三&=+"),
]

# From Twilio's own libraries' tests: address, parameters, signature with the token 12345.
PUBLISHED = [
    (
        "https://mycompany.com/myapp.php?foo=1&bar=2",
        [
            ("CallSid", "CA1234567890ABCDE"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
            ("Caller", "+14158675309"),
        ],
        "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
    ),
]


@pytest.mark.parametrize(("address", "parameters", "signature"), PUBLISHED)
def test_a_published_signature_is_good(address, parameters, signature):
    assert is_signed([TOKEN], address, parameters, signature)


@pytest.mark.parametrize(
    "address",
    [
        "https://hot.example.com/twilio/voice",
        "https://hot.example.com:8443/twilio/voice",
        "http://hot.example.com:8080/twilio/voice",
        "https://hot.example.com/twilio/flow/digits?s=1",
        "https://hot.example.com/twilio/voice?q=%E4%BD%A0%27%7e%2F",
        "https://hot.example.com/twilio/voice?",
        "https://hot.example.com//twilio/voice",
        "https://[2001:db8::1]:8443/twilio/voice",
        "https://[2001:db8::1]/twilio/voice",
    ],
)
def test_what_twilio_signs_is_good_and_nothing_near_it(address):
    signature = sign(TOKEN, address, FORM)
    assert is_signed([TOKEN], address, FORM, signature)
    assert not is_signed([TOKEN], address + "x", FORM, signature)
    assert not is_signed(
        [TOKEN], address.replace("/voice", "/v%6fice").replace("/flow", "/fl%6fw"), FORM, signature
    )
    assert not is_signed([TOKEN], address, FORM[1:], signature)
    assert not is_signed([TOKEN], address, [*FORM, ("More", "1")], signature)
    assert not is_signed(["other"], address, FORM, signature)


@pytest.mark.parametrize("signature", ["", "=", "x" * 10_000, "签名", "RSOYDt4T1cUTdK1PDd93/VVr8B8"])
def test_a_missing_or_broken_signature_is_refused_without_an_error(signature):
    assert not is_signed([TOKEN], "https://hot.example.com/twilio/voice", FORM, signature)


def test_no_token_signs_nothing():
    address = "https://hot.example.com/twilio/voice"
    assert not is_signed(["", ""], address, FORM, sign("", address, FORM))


def test_either_token_is_good_while_one_replaces_the_other():
    address = "https://hot.example.com/twilio/voice"
    for token in ("old", "new"):
        assert is_signed(["old", "new"], address, FORM, sign(token, address, FORM))
    assert not is_signed(["new", ""], address, FORM, sign("old", address, FORM))


@pytest.mark.parametrize(
    ("signed_for", "configured"),
    [
        ("https://hot.example.com:443/twilio/voice", "https://hot.example.com/twilio/voice"),
        ("https://hot.example.com/twilio/voice", "https://hot.example.com:8443/twilio/voice"),
        ("https://[2001:db8::1]/twilio/voice", "https://[2001:db8::1]:8443/twilio/voice"),
    ],
)
def test_twilio_may_name_the_port_or_leave_it_out(signed_for, configured):
    assert is_signed([TOKEN], configured, FORM, sign(TOKEN, signed_for, FORM))


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(
    parameters=st.lists(st.tuples(_TEXT.filter(bool), _TEXT), max_size=8),
    query=st.from_regex(r"(\?[a-z0-9=&%]{0,12})?", fullmatch=True),
)
def test_it_is_what_twilios_own_library_computes(parameters, query):
    from werkzeug.datastructures import MultiDict

    address = f"https://hot.example.com/twilio/voice{query}"
    assert sign(TOKEN, address, parameters) == RequestValidator(TOKEN).compute_signature(
        address, MultiDict(parameters)
    )
