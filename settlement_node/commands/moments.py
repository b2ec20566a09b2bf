"""Instants on the command line: given with their distance from UTC, written where it runs."""

from datetime import datetime

import click


class Moment(click.ParamType[int]):
    """An instant, written with its distance from UTC."""

    name = "time"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it as unix milliseconds."""
        try:
            return read_moment(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def read_moment(text: str) -> int:
    """Read an instant as unix milliseconds, or raise a ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text[:40]!r} is local to nowhere: add its distance from UTC, as +01:00")
    return int(moment.timestamp()) * 1000


def written(instant: int) -> str:
    """Write an instant where this command runs."""
    return datetime.fromtimestamp(instant / 1000).astimezone().isoformat(" ", "minutes")
