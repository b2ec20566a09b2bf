"""`settlement-node check-evidence`: checks again, offline, what a home found wrong."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from depin_protocol.checking.evidence import MAX_EVIDENCE, Evidence
from depin_protocol.checking.reading_evidence import EvidenceError, read_evidence
from depin_protocol.checking.verdicts import FailedCheckError, OpenQuestionError, UnshownError

PROVEN: Final = 0
NOTHING_SHOWN: Final = 1
OPEN: Final = 3


@click.command("check-evidence")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--log-key", help="The log's key as you know it; else the file's is only named.")
def check_evidence(file: Path, log_key: str | None) -> None:
    """Check evidence that a home wrote, without asking any node.

    Where it rests on a market's rules, these are those of the entry that the file shows: look in
    the public log whether a later `market_set` changed them before that interval.

    Exit code 0: it proves what it says. 3: it holds, and the node can still answer it. 1: it
    proves nothing.
    """
    try:
        evidence = _read(file)
    except EvidenceError as error:
        raise click.ClickException(f"{file} is no evidence: {error}") from error
    found = datetime.fromtimestamp(evidence.found_at / 1000, UTC)
    click.echo(f"co-op    {evidence.coop}")
    click.echo(f"log      {evidence.log.name}")
    click.echo(f"its key  {evidence.log.format()}")
    click.echo(f"found    {found:%Y-%m-%d %H:%M:%S} UTC, by the home's clock")
    click.echo(f"check    {evidence.case.NAME}")
    if log_key is not None and log_key.strip() != evidence.log.format():
        raise click.ClickException("the evidence is about another log, or another key of it")
    sys.exit(_judge(evidence))


def _read(file: Path) -> Evidence:
    with file.open("rb") as opened:
        return read_evidence(opened.read(MAX_EVIDENCE + 1))


def _judge(evidence: Evidence) -> int:
    try:
        evidence.check()
    except FailedCheckError as error:
        click.echo(f"PROVEN: what this key has signed does not hold: {error}")
        return PROVEN
    except OpenQuestionError as error:
        click.echo(f"OPEN: {error}")
        return OPEN
    except UnshownError as error:
        click.echo(f"NOTHING SHOWN: {error}")
        return NOTHING_SHOWN
    click.echo("NOTHING SHOWN: all that is in the file holds")
    return NOTHING_SHOWN
