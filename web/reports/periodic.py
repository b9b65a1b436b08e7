"""The trade's reports: of a day, a week or a month, put together once for every format.

Outside of a request too: the command writes the same report that the page shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask import render_template
from markupsafe import Markup

from core.i18n import N_
from core.i18n import gettext as _
from core.installation import Installation
from ivr.metrics.columns import keep_days
from ivr.metrics.definitions import find_definition
from ivr.metrics.report import Report, queue_report
from web.formats import by_language, last_day, local_time
from web.reports.chart import interval_chart
from web.reports.choices import ReportChoice
from web.reports.tables import Table, report_tables
from web.reports.workbook import workbook

TITLES: Final = {
    "day": N_("Daily report"),
    "week": N_("Weekly report"),
    "month": N_("Monthly report"),
    "month-22": N_("Monthly report, closed for the 22nd"),
    "month-27": N_("Monthly count, closed for the 27th"),
}

_SHADES: Final = 5


@dataclass(frozen=True, slots=True)
class PeriodReport:
    """A report of a period with everything that its formats need; text is in the language it was made in."""

    chosen: ReportChoice
    found: Report
    tables: Sequence[Table]
    made_at: datetime

    @property
    def title(self) -> str:
        """What kind of report it is, and of which days."""
        asked = self.found.question
        first, last = local_time(asked.since, "%Y-%m-%d"), last_day(asked.until)
        return f"{_(TITLES[self.chosen.period])} {first}" + (f" – {last}" if last != first else "")

    @property
    def subtitle(self) -> str:
        """How it was counted, and when."""
        definition = self.found.question.definition
        told = _(
            "Definition %(label)s (%(title)s); made %(made)s",
            label=definition.label,
            title=by_language(definition.title_zh, definition.title_en),
            made=local_time(self.made_at),
        )
        return (
            told
            if self.made_at >= self.found.question.until
            else _("%(told)s. The period is not over yet.", told=told)
        )

    def document(self) -> dict[str, Any]:
        """Return it as one JSON document: each table's rows by column name, with the columns' titles and units."""
        asked = self.found.question
        return {
            "report": self.chosen.period,
            "from": asked.since.astimezone(asked.zone).isoformat(),
            "to": asked.until.astimezone(asked.zone).isoformat(),
            "definition": asked.definition.label,
            "made_at": self.made_at.astimezone(asked.zone).isoformat(),
            "tables": {
                table.name: {
                    "title": table.title,
                    "columns": {c.name: {"title": c.title, "unit": c.unit} for c in table.columns},
                    "rows": table.records(),
                }
                for table in self.tables
            },
        }

    def xlsx(self) -> bytes:
        """Return it as a workbook."""
        return workbook(self.title, self.subtitle, self.tables)

    def page(self, nonce: str = "") -> str:
        """Return it as one HTML page to print, which needs no other file."""
        return render_template(
            "reports/print.html", report=self, chart=self._chart(), shade=self._shade(), nonce=nonce
        )

    def _shade(self) -> Callable[[int], int]:
        """Return the shade, 0 to 4, of an hour of the week with so many calls."""
        highest = max(1, *self.found.offered_by_hour_of_week())
        return lambda calls: -(-calls * (_SHADES - 1) // highest)

    def _chart(self) -> Markup:
        edges, figures = self.found.by_interval(self.chosen.interval)
        return interval_chart(self.found.question, edges, figures, linked=False)


def counted_report(installation: Installation, chosen: ReportChoice) -> Report:
    """Count what a choice asks for.

    Raises:
        NotFound: there is no such definition.
    """
    zone = ZoneInfo(installation.settings.web.time_zone)
    with installation.unit_of_work(read_only=True) as session:
        definition = find_definition(session, chosen.definition)
    asked = chosen.question(definition, zone)
    keep_days(installation, asked.since - timedelta(days=definition.repeat_days), asked.until)
    with installation.unit_of_work(read_only=True) as session:  # sees the copies that were just made
        return queue_report(session, asked)


def period_report(installation: Installation, chosen: ReportChoice) -> PeriodReport:
    """Make the report of a choice; raises what `counted_report` does."""
    found = counted_report(installation, chosen)
    now = installation.clock.now()
    with installation.unit_of_work(read_only=True) as session:
        tables = report_tables(session, found, chosen.interval, installation.settings.qa.scorecard, now)
    return PeriodReport(chosen, found, tables, now)
