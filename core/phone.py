"""Telephone numbers: one normal form for look-up, one masked form for the screen."""

from __future__ import annotations

import re
import unicodedata

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_SHOWN_IN_FULL_FORM = 11
"""Length from which first three and last four digits leave enough hidden."""


def normalise_number(number: str) -> str:
    """Return digits, with a leading + for foreign numbers; a mainland number gets its domestic form.

    One caller reaches Asterisk as `13800138000`, a SIP trunk as `8613800138000` or `013800138000`
    and Twilio as `+8613800138000`; a Beijing line is `01012345678` at home and `+861012345678`
    abroad. Repeat-caller and delete-by-number look-ups need one form, so it is also what the
    result of this function turns into (normalising twice changes nothing). Full-width digits, as
    Chinese input methods type them, count as digits. Text without digits (`anonymous`) comes back empty.
    """
    if _MOBILE.fullmatch(number):  # most are, and stay as they are
        return number
    text = unicodedata.normalize("NFKC", number).strip().removeprefix("sip:").split("@")[0]
    digits = re.sub(r"[^0-9]", "", text)
    if not digits:
        return ""
    if text.lstrip("( ").startswith("+"):
        return _from_abroad(digits)
    if re.match(r"00[1-9]", digits):
        return _from_abroad(digits[2:])
    return re.sub(r"^(?:0|86)(?=1[3-9]\d{9}$)", "", digits)


def _from_abroad(digits: str) -> str:
    """Return the domestic form of a number that begins with a country code; foreign ones keep a +."""
    if not digits.startswith("86"):
        return "+" + digits
    national = digits[2:]
    is_mobile = _MOBILE.fullmatch(national)
    has_area_code = re.fullmatch(r"(?!400|800)[1-9]\d{9,10}", national)
    return "0" + national if has_area_code and not is_mobile else national


def mask_number(number: str) -> str:
    """Return `138****8000`: the first three and last four digits; shorter numbers show their last two."""
    if len(number) >= _SHOWN_IN_FULL_FORM:
        return f"{number[:3]}****{number[-4:]}"
    shown = number[-2:] if len(number) > 2 else ""
    return "*" * (len(number) - len(shown)) + shown
