"""`settlement-node join`: become a member with a key in a file, as an auditor does."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec

from depin_protocol.encoding import to_text
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.invite import Invite, InviteError, parse_invite
from depin_protocol.joining import JoinError, JoinRequest, check_name
from depin_protocol.keys import fingerprint, public_key
from settlement_node.api.coops import JOIN_TYPE
from settlement_node.commands.common import run
from settlement_node.commands.far_node import NodeAddress, asking
from settlement_node.commands.local_node import LocalNodeError, NodeRefusedError
from settlement_node.hosting.clock import now
from settlement_node.hosting.folder import kept_seed
from settlement_node.output import shown


@click.command()
@click.argument("invite")
@click.option(
    "--key",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file of the key to join with; where there is none, a key is made.",
)
@click.option("--name", required=True, help="What the co-op's people will call the new member.")
@click.option("--node", "url", type=NodeAddress(), help="Where it is, if not where INVITE says.")
def join(invite: str, key: Path, name: str, url: str | None) -> None:
    """Join a co-op with an INVITE; Home Assistant does it for a home, this for an auditor.

    Where no answer came, the same command with the same key goes on.
    """
    try:
        asked = parse_invite(invite)
        check_name(name)
    except (InviteError, JoinError) as error:
        raise click.UsageError(str(error)) from None
    member, seed = run(_joined(asked, key, name, asked.address if url is None else url))
    click.echo(f"joined as {shown(member)}, with the key {fingerprint(public_key(seed))}")
    click.echo(f"Keep a copy of {key}: whoever has it speaks for {name}.")


class _Facts(msgspec.Struct, frozen=True):
    node_key: str


class _Joined(msgspec.Struct, frozen=True):
    member: str


async def _joined(invite: Invite, file: Path, name: str, url: str) -> tuple[str, bytes]:
    async with asking(url) as node:
        path = f"/v1/coops/{invite.coop}"
        if (await node.ask_for(_Facts, path)).node_key != to_text(invite.node_key):
            raise LocalNodeError(
                f"the node at {url} has another key than the invite names, and was told nothing:"
                " ask the co-op whether its key was changed, and for another invite"
            )
        with _key_in(file) as seed:
            request = JoinRequest(
                coop=invite.coop,
                code=invite.code,
                key=public_key(seed),
                tier="software",
                name=name,
                pseudonym_salt=secrets.token_bytes(ID_LENGTH),
                issued_at=now(),
            )
            wire = request.signed(seed)
            joined = await node.send_for(_Joined, f"{path}/members", wire, JOIN_TYPE)
    return joined.member, seed


@contextmanager
def _key_in(file: Path) -> Iterator[bytes]:
    """Give the key of a file; where there was none, a refusal leaves none either."""
    is_new = not file.exists()
    seed = kept_seed(file)
    try:
        yield seed
    except NodeRefusedError:
        # Where anything else went wrong, the key may have joined.
        if is_new:
            file.unlink()
        raise
