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
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> ZoneInfo:
        """Find it."""
        try:
            return ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.fail(f"{value[:40]!r} is no time zone: give one like Europe/Vienna", param, ctx)


zone_option: Final[_Decorator] = click.option(
    "--zone",
    required=True,
    type=_Zone(),
    envvar="SETTLEMENT_NODE_ZONE",
    help="The co-op's time zone, such as Europe/Vienna.",
)


def read_month(text: str, zone: ZoneInfo) -> Month:
    """Read a month as it is written: 2026-11."""
    try:
        first = datetime.strptime(text, "%Y-%m").replace(tzinfo=zone)
    except ValueError:
        raise click.UsageError(f"{text[:40]!r} is no month: write it like 2026-11") from None
    return Month.of(first.year, first.month, zone)
