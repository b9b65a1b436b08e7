"""How values look on a page: times in the installation's zone, clocks, seconds, points, phone numbers."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask

from core.accounts import Permission
from core.i18n import N_, current_locale, gettext
from core.phone import mask_number
from ivr.models import Call
from web.context import account, installation

NONE = "–"
_MINUTES = 60


def local_time(at: datetime | None, pattern: str = "%Y-%m-%d %H:%M") -> str:
    """Format an aware time in the installation's zone."""
    if at is None:
        return NONE
    return at.astimezone(ZoneInfo(installation().settings.web.time_zone)).strftime(pattern)


def last_day(end: datetime) -> str:
    """Format the last day of a period whose end is exclusive."""
    return local_time(end - timedelta(microseconds=1), "%Y-%m-%d")


def clock(seconds: float | None, *, decimals: int = 0) -> str:
    """Format a position or a length: `0:07`, `12:41`, `1:02:33`; with decimals, `0:07.4`."""
    if seconds is None:
        return NONE
    scale = 10**decimals
    ticks = int(max(0.0, seconds) * scale + (0.5 if decimals == 0 else 1e-6))
    whole, fraction = divmod(ticks, scale)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    text = f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
    return f"{text}.{fraction:0{decimals}d}" if decimals else text


def duration(seconds: float | None) -> str:
    """Format a length of time in words: `14 s`, `2 min 31 s`, `8 h 5 min`, `1 h`."""
    if seconds is None:
        return NONE
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return gettext("%(seconds)s s", seconds=rest)
    if minutes < _MINUTES:
        parts = [
            gettext("%(minutes)s min", minutes=minutes),
            gettext("%(seconds)s s", seconds=rest) if rest else "",
        ]
        return " ".join(parts).strip()
    hours, minutes = divmod(round(seconds / _MINUTES), _MINUTES)
    parts = [
        gettext("%(hours)s h", hours=hours),
        gettext("%(minutes)s min", minutes=minutes) if minutes else "",
    ]
    return " ".join(parts).strip()


def plan_name(plan: str) -> str:
    """Return a sampling plan's name in the page's language; a name of one's own stays as it is."""
    names = {"daily": N_("daily"), "weekly": N_("weekly"), "monthly": N_("monthly")}
    return gettext(names[plan]) if plan in names else plan


def points(value: float | None) -> str:
    """Format a score of 0 to 100: whole where it is whole, else one decimal."""
    return NONE if value is None else f"{value:.1f}".removesuffix(".0")


def percent(share: float | None) -> str:
    """Format a share of 0 to 1."""
    return NONE if share is None else f"{share * 100:.0f}%"


def percent_exact(share: float | None) -> str:
    """Format a share of 0 to 1 as reports print it, with one decimal."""
    return NONE if share is None else f"{share * 100:.1f}%"


def caller_number(call: Call | None) -> str:
    """Return the caller's number as the account may see it: whole with SEE_NUMBERS, else masked."""
    return gettext("withheld") if call is None or not call.caller else visible_number(call.caller)


def visible_number(number: str) -> str:
    """Return a number as the account may see it: whole with SEE_NUMBERS, else masked."""
    user = account()
    return number if user and user.may(Permission.SEE_NUMBERS) else mask_number(number)


def by_language(zh: str, en: str) -> str:
    """Return the text of the page's language, falling back to the other one."""
    return (zh or en) if current_locale() == "zh_CN" else (en or zh)


def install_formats(app: Flask) -> None:
    """Register the filters."""
    app.jinja_env.filters.update(
        local_time=local_time,
        clock=clock,
        duration=duration,
        plan_name=plan_name,
        points=points,
        percent=percent,
        percent_exact=percent_exact,
        visible_number=visible_number,
    )
    app.jinja_env.globals.update(caller_number=caller_number, by_language=by_language, last_day=last_day)
