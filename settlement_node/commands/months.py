"""Options that say which month, and where it is local."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from settlement_node.market.billing.months import Month

type _Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class _Zone(click.ParamType[ZoneInfo]):
    """A time zone by its name."""

    name = "zone"

    def convert(
        self, value: str | ZoneInfo, param: click.Parameter | None, ctx: click.Context | None
    ) -> ZoneInfo:
        """Find it."""
        if isinstance(value, ZoneInfo):
            return value
        try:
            return ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.fail(f"{value[:40]!r} is no time zone: give one like Europe/Vienna", param, ctx)


zone_option: Final[_Decorator] = click.option(
    "--time-zone",
    "zone",
    type=_Zone(),
    default="Europe/Vienna",
    show_default=True,
    help="Where the co-op is: its days and months are local.",
)


def read_month(text: str, zone: ZoneInfo) -> Month:
    """Read a month as it is written: 2026-11."""
    try:
        first = datetime.strptime(text, "%Y-%m").replace(tzinfo=zone)
    except ValueError:
        raise click.UsageError(f"{text[:40]!r} is no month: write it like 2026-11") from None
    return Month.of(first.year, first.month, zone)
