"""What can still be read of an outbox that the disk has damaged, to be said again."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from .journal import Record, sound_records
from .outbox import answered_in, statement_in
from .protocol.problems import RefusedError
from .protocol.receipts import ReceiptError
from .protocol.statements.bodies import Body
from .protocol.statements.measuring import Device, Observations, Readings

_SAME_TWICE: Final = (Readings, Observations, Device)
"""What means the same when it is said twice; an order or a payout might be meant once."""

_AGAIN: Final = "said-again"


def set_aside(folder: Path) -> None:
    """Keep damaged files for who can read more of them."""
    number = 1
    while (aside := folder.with_name(f"{folder.name}.damaged-{number}")).exists():
        number += 1
    folder.rename(aside)


def salvaged(folder: Path) -> Iterator[tuple[Path, list[Body]]]:
    """Give each outbox that was set aside here and was not said again, with what is to be."""
    for aside in sorted(folder.parent.glob(f"{folder.name}.damaged-*")):
        if not (aside / _AGAIN).exists():
            yield aside, _unanswered(aside)


def note_as_said(aside: Path) -> None:
    """Remember that all that could be read was said again."""
    (aside / _AGAIN).touch()


def _unanswered(aside: Path) -> list[Body]:
    done: set[str | None] = set()
    bodies: list[Body] = []
    for record in _records(aside, "answers"):
        with suppress(ReceiptError):
            done.add(answered_in(record))
    for record in _records(aside, "statements"):
        with suppress(RefusedError):
            statement = statement_in(record)
            if (
                statement is not None
                and statement.hash not in done
                and isinstance(statement.body, _SAME_TWICE)
            ):
                bodies.append(statement.body)
    return bodies


def _records(aside: Path, suffix: str) -> Iterator[Record]:
    for file in sorted(aside.glob(f"*.{suffix}")):
        yield from sound_records(file.read_bytes())
