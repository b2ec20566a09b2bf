"""What a command prints, or why it could not."""

import os
import sys

import click


class OutputError(click.ClickException):
    """Standard output takes nothing: one line on standard error, and exit code 1."""


def print_line(text: str) -> None:
    """Print a line on standard output, and see to it that it has left."""
    # Python has no standard output where it was closed before the start; click would say nothing.
    if sys.stdout is None:
        msg = "cannot print: standard output is closed"
        raise OutputError(msg)
    try:
        click.echo(text)
    except OSError as error:
        # What is left in the buffer must go somewhere, or Python fails once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        msg = f"cannot print: {error.strerror}"
        raise OutputError(msg) from error


def shown(text: str) -> str:
    """Write what a stranger wrote so that it stays on its line, and moves nothing on a terminal."""
    return "".join(mark if mark.isprintable() else f"\\u{ord(mark):04x}" for mark in text)
