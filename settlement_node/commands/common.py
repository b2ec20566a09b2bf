"""What the node's commands share: options, and errors that people can act on."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import click

from settlement_node.api.serving import ServingError
from settlement_node.commands.local_node import LocalNodeError
from settlement_node.coop.following import DoesNotFollowError
from settlement_node.hosting.folder import CoopFolder, FolderError, NodeFolder
from settlement_node.ledger.assets import AmountError
from settlement_node.ledger.bank.document import BankFileError
from settlement_node.log.sealed import DamagedLogError
from settlement_node.replay.comparing import DifferenceError
from settlement_node.replay.promises import PromiseError
from settlement_node.replay.verify import CheckpointError, UnbalancedError
from settlement_node.store.errors import StoreError

_EXPECTED: Final = (
    FolderError,
    ServingError,
    LocalNodeError,
    BankFileError,
    AmountError,
    StoreError,
    DamagedLogError,
    DifferenceError,
    DoesNotFollowError,
    CheckpointError,
    UnbalancedError,
    PromiseError,
)

type _Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

data_option: Final[_Decorator] = click.option(
    "--data",
    "path",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    envvar="SETTLEMENT_NODE_DATA",
    help="The node's data folder.",
)
coop_option: Final[_Decorator] = click.option(
    "--coop", help="Which co-op, by name or identifier, where the folder holds several."
)

NAMES_BEGIN_WITH_HYPHENS: Final = {"ignore_unknown_options": True}
"""For a command that takes a member: one name in 64 does, and would be taken for an option."""

_MAX_REASON: Final = 2_000


class _Reason(click.ParamType[str]):
    """What a statement can hold as the reason of an action."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what says nothing, or more than a statement has room for."""
        if not value.strip() or len(value) > _MAX_REASON:
            self.fail(f"give 1 to {_MAX_REASON} characters", param, ctx)
        return value


reason_option: Final[_Decorator] = click.option(
    "--reason", required=True, type=_Reason(), help="Why; it stands with the action."
)


def run[T](work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work; what can be expected to go wrong ends in one line and exit code 1."""
    try:
        return asyncio.run(work)
    except _EXPECTED as error:
        raise click.ClickException(str(error)) from error


def chosen(node: NodeFolder, coop: str | None) -> CoopFolder:
    """Return the node's own co-op of this name, before anything is asked or done."""
    try:
        folder = node.choose(coop)
        folder.check_own()
    except FolderError as error:
        raise click.ClickException(str(error)) from error
    return folder


def counted(number: int, what: str) -> str:
    """Say how many there are, of what English adds an s to."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def bodies_gone(below: int) -> str:
    """Say what an erasure has taken, once it has."""
    return f"the bodies of the first {below} entries are deleted"


def folder_at(path: Path) -> NodeFolder:
    """Return the data folder."""
    return NodeFolder(path.absolute())
