"""The generic table of quarter hours: one line a value, in CSV that every program reads."""

import csv
import io
from typing import Final
from zoneinfo import ZoneInfo

from settlement_node.market.quarter_hours.days import local
from settlement_node.market.quarter_hours.figures import kwh
from settlement_node.market.quarter_hours.values import Series
from settlement_node.market.text_cells import as_text

HEADER: Final = ("start", "metering_point", "direction", "code", "kwh", "quality", "name")


def write_table(series: tuple[Series, ...], zone: ZoneInfo) -> bytes:
    """Write values in the order of their series; times carry their distance from UTC."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(HEADER)
    for each in series:
        channel, name = each.channel, as_text(each.name)
        for value in each.values:
            start = local(value.start, zone).isoformat(timespec="minutes")
            energy = "" if value.wh is None else str(kwh(value.wh))
            lines.writerow(
                (
                    start,
                    channel.point,
                    channel.direction,
                    channel.code,
                    energy,
                    value.quality,
                    name,
                )
            )
    return text.getvalue().encode("utf-8-sig")
