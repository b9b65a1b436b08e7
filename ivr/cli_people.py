"""`sansheng agent list|add|set` and `sansheng queue list|add|set|member`: names, and who answers what."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from core.i18n import gettext as _
from core.installation import Installation
from ivr import people
from ivr.models import Agent, Queue

_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.command("list")
@_as_json
@click.pass_obj
def agent_list(installation: Installation, as_json: bool) -> None:
    """List all agents."""
    with installation.unit_of_work(read_only=True) as session:
        agents = [_agent_document(agent) for agent in people.list_agents(session)]
    if as_json:
        _print_json({"agents": agents})
        return
    for agent in agents:
        left = "" if agent["active"] else "  " + _("(has left)")
        click.echo(f"{agent['code']:<12} {agent['interface']:<20} {agent['name']}{left}")


@click.command("add")
@click.argument("code")
@click.option("--name", required=True, help="Name the agent greets with.")
@click.option("--interface", help="Name in queue_log and of the telephone (default: PJSIP/CODE).")
@click.pass_obj
def agent_add(installation: Installation, code: str, name: str, interface: str | None) -> None:
    """Add an agent with the work number CODE."""
    with installation.unit_of_work() as session:
        people.add_agent(
            session,
            code=code,
            name=name,
            interface=interface or f"PJSIP/{code}",
            at=installation.clock.now(),
        )
    click.echo(_("added agent %(code)s, %(name)s", code=code, name=name))


@click.command("set")
@click.argument("agent")
@click.option("--name", help="Name the agent greets with.")
@click.option("--code", help="Work number the agent greets with.")
@click.option("--interface", help="Name in queue_log and of the telephone, like PJSIP/1001.")
@click.option("--active/--left", default=None, help="Whether the agent still answers calls.")
@click.pass_obj
def agent_set(
    installation: Installation,
    agent: str,
    name: str | None,
    code: str | None,
    interface: str | None,
    active: bool | None,
) -> None:
    """Change AGENT, named by work number or by interface; what is not given stays."""
    change = people.AgentChange(name=name, code=code, interface=interface, active=active)
    with installation.unit_of_work() as session:
        row = people.find_agent(session, agent)
        changed = people.set_agent(session, row, change, at=installation.clock.now())
        document = _agent_document(row)
    _say(changed, f"{document['code']} {document['interface']} {document['name']}")
    if changed and (name is not None or code is not None):
        _say_rescore()


@click.command("list")
@_as_json
@click.pass_obj
def queue_list(installation: Installation, as_json: bool) -> None:
    """List all queues with their names, service level and members."""
    with installation.unit_of_work(read_only=True) as session:
        queues = [_queue_document(queue) for queue in people.list_queues(session)]
    if as_json:
        _print_json({"queues": queues})
        return
    for queue in queues:
        click.echo(_queue_line(queue))
        for member in queue["members"]:
            click.echo(f"  {member['penalty']:3}  {member['code']:<12} {member['name']}")


_TITLES_AND_NAMES = (
    click.option("--title-zh", help="Chinese name on pages and reports."),
    click.option("--title-en", help="English name on pages and reports."),
    click.option("--company", help="Company its agents greet with; an empty one takes it away."),
    click.option(
        "--department",
        "departments",
        multiple=True,
        help="Department they may greet with; repeat it for several. The list is replaced; '' empties it.",
    ),
    click.option(
        "--service-level",
        "service_level_s",
        type=float,
        help="Seconds within which a call is to be answered.",
    ),
    click.option("--language", type=click.Choice(people.LANGUAGES), help="Language of its callers."),
)


def _queue_options(command: Any) -> Any:
    for option in reversed(_TITLES_AND_NAMES):
        command = option(command)
    return command


@click.command("add")
@click.argument("name")
@_queue_options
@click.pass_obj
def queue_add(installation: Installation, /, name: str, **given: Any) -> None:
    """Add a queue under its NAME in flows and in queue_log."""
    with installation.unit_of_work() as session:
        queue = people.add_queue(session, name, _change(**given), at=installation.clock.now())
        line = _queue_line(_queue_document(queue))
    click.echo(line)


@click.command("set")
@click.argument("name")
@_queue_options
@click.pass_obj
def queue_set(installation: Installation, /, name: str, **given: Any) -> None:
    """Change the queue NAME; what is not given stays."""
    with installation.unit_of_work() as session:
        queue = people.find_queue(session, name)
        changed = people.set_queue(session, queue, _change(**given), at=installation.clock.now())
        line = _queue_line(_queue_document(queue))
    _say(changed, line)
    if changed and (given["company"] is not None or given["departments"]):
        _say_rescore()


@click.command("member")
@click.argument("name")
@click.argument("agent")
@click.option(
    "--penalty",
    type=click.IntRange(0, people.MOST_PENALTY),
    default=0,
    show_default=True,
    help="The lowest is rung first.",
)
@click.option("--remove", is_flag=True, help="The agent no longer answers this queue.")
@click.pass_obj
def queue_member(installation: Installation, name: str, agent: str, penalty: int, remove: bool) -> None:
    """Let AGENT answer the queue NAME; who is logged in gets it with the next log-in."""
    with installation.unit_of_work() as session:
        queue, row = people.find_queue(session, name), people.find_agent(session, agent)
        wanted = None if remove else penalty
        changed = people.set_member(session, queue, row, wanted, at=installation.clock.now())
        code = row.code
    if remove:
        told = _("agent %(code)s does not answer %(queue)s", code=code, queue=name)
    else:
        told = _(
            "agent %(code)s answers %(queue)s, penalty %(penalty)s", code=code, queue=name, penalty=penalty
        )
    _say(changed, told)


def _change(departments: Sequence[str], **given: Any) -> people.QueueChange:
    named = [department for department in departments if department]
    return people.QueueChange(departments=named if departments else None, **given)


def _say(changed: bool, line: str) -> None:
    click.echo(line if changed else line + " " + _("(nothing changed)"))


def _say_rescore() -> None:
    told = _(
        "scores made before stay as they are; bring them up to date with: sansheng rescore --scorecard NAME"
    )
    click.echo(told, err=True)


def _agent_document(agent: Agent) -> dict[str, Any]:
    return {"code": agent.code, "name": agent.name, "interface": agent.interface, "active": agent.active}


def _queue_document(queue: Queue) -> dict[str, Any]:
    members = sorted(queue.members, key=lambda member: (member.penalty, member.agent.code))
    return {
        "name": queue.name,
        "title_zh": queue.title_zh,
        "title_en": queue.title_en,
        "company": queue.company,
        "departments": list(queue.departments),
        "service_level_s": queue.service_level_s,
        "language": queue.language,
        "members": [
            {"code": member.agent.code, "name": member.agent.name, "penalty": member.penalty}
            for member in members
        ],
    }


def _queue_line(queue: dict[str, Any]) -> str:
    return _(
        "%(name)s: %(title_zh)s / %(title_en)s, company %(company)s, departments %(departments)s, "
        "service level %(seconds)s s, language %(language)s",
        name=queue["name"],
        title_zh=queue["title_zh"],
        title_en=queue["title_en"],
        company=queue["company"] or "–",
        departments=", ".join(queue["departments"]) or "–",
        seconds=f"{queue['service_level_s']:g}",
        language=queue["language"],
    )


def _print_json(document: dict[str, Any]) -> None:
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))
