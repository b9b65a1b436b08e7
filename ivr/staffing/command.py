"""`sansheng queue staffing`: how many agents an interval needs, and what one more or fewer would do."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict
from typing import Any, Final

import click

from core.errors import BadInput
from core.i18n import gettext as _
from ivr.staffing.erlang import MOST_AGENTS, Load, Service, agents_needed, service

_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0}
_AROUND: Final = 2


@click.command()
@click.option("--calls", type=float, required=True, help="Calls offered in the interval.")
@click.option("--interval", default="30m", help="Length of the interval: 15m, 30m, 1h, 900s.")
@click.option("--aht", type=float, required=True, help="Handling time of a call, seconds.")
@click.option("--target", type=float, default=0.8, help="Service level to reach, 0 to 1.")
@click.option("--within", type=float, default=20.0, help="Time of the service level, seconds.")
@click.option("--patience", type=float, help="Mean patience, seconds: Erlang A instead of Erlang C.")
@click.option("--agents", type=int, help="What this number of agents gives, instead of how many are needed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def staffing(
    *,
    calls: float,
    interval: str,
    aht: float,
    target: float,
    within: float,
    patience: float | None,
    agents: int | None,
    as_json: bool,
) -> None:
    """Say how many agents an interval needs."""
    load = Load(calls=calls, interval_s=interval_seconds(interval), aht_s=aht, patience_s=patience)
    found = (
        service(load, agents, within)
        if agents is not None
        else agents_needed(load, target=target, within_s=within)
    )
    around = around_of(load, found.agents, within)
    model = "erlang_c" if patience is None else "erlang_a"
    if as_json:
        document = {
            "model": model,
            "erlangs": load.erlangs,
            "target": target,
            "within_s": within,
            **_plain(found),
            "what_if": [_plain(other) for other in around],
        }
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    click.echo(
        _(
            "%(agents)s agents (%(erlangs)s erlangs, %(model)s)",
            agents=found.agents,
            erlangs=f"{load.erlangs:.2f}",
            model=model,
        )
    )
    for other in around:
        click.echo(_line(other, chosen=other.agents == found.agents))


def interval_seconds(text: str) -> float:
    """Read a length of time like 30m.

    Raises:
        BadInput: it is none.
    """
    read = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if read is None:
        raise BadInput(_("%(text)s is not a length of time; write 15m, 30m, 1h or 900s", text=text))
    return float(read[1]) * _UNITS[read[2]]


def around_of(load: Load, agents: int, within_s: float) -> list[Service]:
    """Return what two fewer to two more agents give."""
    numbers = range(max(1, agents - _AROUND), min(MOST_AGENTS, agents + _AROUND) + 1)
    return [service(load, number, within_s) for number in numbers]


def _plain(found: Service) -> dict[str, Any]:
    """Return the figures as JSON has them: a wait without end is null."""
    return {
        name: None if isinstance(value, float) and math.isinf(value) else value
        for name, value in asdict(found).items()
    }


def _line(found: Service, *, chosen: bool) -> str:
    asa = "∞" if math.isinf(found.asa_s) else f"{found.asa_s:.1f}"
    return _(
        "%(mark)s %(agents)s agents: service level %(level)s, mean wait %(asa)s s, %(abandoned)s abandon, occupancy %(occupancy)s",
        mark=">" if chosen else " ",
        agents=found.agents,
        level=f"{found.service_level:.1%}",
        asa=asa,
        abandoned=f"{found.abandoned:.1%}",
        occupancy=f"{found.occupancy:.1%}",
    )
