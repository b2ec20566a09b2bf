"""`settlement-node member`: what operators do about a member, signed and in the log."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from depin_protocol.encoding import EncodingError, from_text
from depin_protocol.identifiers import HASH_LENGTH
from depin_protocol.keys import SIGNATURE_LENGTH
from depin_protocol.statements.membership import TIERS
from settlement_node.commands.common import (
    NAMES_BEGIN_WITH_HYPHENS,
    coop_option,
    data_option,
    folder_at,
    reason_option,
    run,
)
from settlement_node.commands.local_node import operator
from settlement_node.commands.naming import Members
from settlement_node.governance.actions import Action, Reinstate, ReplaceKey, SetRoles, Suspend
from settlement_node.governance.member import Role
from settlement_node.hosting.folder import NodeFolder


def _on_member(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command what all of these have."""
    whom = click.argument("name", metavar="MEMBER")
    return data_option(coop_option(whom(reason_option(command))))


@click.group()
def member() -> None:
    """Act as operator on a member; each action is a signed statement in the log.

    A MEMBER is an identifier, or a name that only one has.
    """


@member.command(context_settings=NAMES_BEGIN_WITH_HYPHENS)
@_on_member
def suspend(path: Path, coop: str | None, name: str, reason: str) -> None:
    """Take the effect from what a member says."""
    run(_act(folder_at(path), coop, name, Suspend, reason))


@member.command(context_settings=NAMES_BEGIN_WITH_HYPHENS)
@_on_member
def reinstate(path: Path, coop: str | None, name: str, reason: str) -> None:
    """End a suspension."""
    run(_act(folder_at(path), coop, name, Reinstate, reason))


@member.command(context_settings=NAMES_BEGIN_WITH_HYPHENS)
@_on_member
@click.option(
    "--role", "names", type=click.Choice([str(role) for role in Role]), multiple=True, required=True
)
def roles(path: Path, coop: str | None, name: str, reason: str, *, names: tuple[str, ...]) -> None:
    """Give a member exactly these roles."""
    given = tuple(Role(one) for one in sorted(set(names)))
    run(_act(folder_at(path), coop, name, lambda whose: SetRoles(whose, given), reason))


@member.command("replace-key", context_settings=NAMES_BEGIN_WITH_HYPHENS)
@_on_member
@click.option("--key", required=True, help="The new public key, as the home shows it.")
@click.option("--possession", required=True, help="Its proof of possession, as the home shows it.")
@click.option("--tier", type=click.Choice(sorted(TIERS)), default="software", show_default=True)
def replace_key(  # noqa: PLR0913 - each is an option
    path: Path, coop: str | None, name: str, reason: str, *, key: str, possession: str, tier: str
) -> None:
    """Announce another key for a member that lost its own; it counts after 7 days without veto."""
    try:
        new, proof = from_text(key, HASH_LENGTH), from_text(possession, SIGNATURE_LENGTH)
    except EncodingError as error:
        raise click.UsageError(f"the key or its proof of possession: {error}") from None
    run(
        _act(
            folder_at(path),
            coop,
            name,
            lambda whose: ReplaceKey(whose, new, tier, proof),
            reason,
        )
    )


async def _act(
    node: NodeFolder, coop: str | None, name: str, action: Callable[[str], Action], reason: str
) -> None:
    async with operator(node, node.choose(coop)) as speaker:
        whose = (await Members.ask(speaker)).named(name)
        await speaker.act(action(whose), reason)
    click.echo("done: it stands in the log")
