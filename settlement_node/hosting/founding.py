"""Making a new co-op: its keys, entry 0 of its log, and its first operator."""

import re
import secrets
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from depin_protocol.encoding import to_text
from depin_protocol.identifiers import ID_LENGTH, member_id
from depin_protocol.invite import CODE_LENGTH, Invite, InviteError
from depin_protocol.joining import JoinError, JoinRequest, check_name
from depin_protocol.keys import public_key
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.statements.fields import BodyError
from settlement_node.coop.coop import Coop
from settlement_node.governance.facts import RETENTION_YEARS, Facts
from settlement_node.hosting.clock import now
from settlement_node.hosting.folder import (
    LOG,
    OPERATOR,
    RECEIPTS,
    SEED_LENGTH,
    CoopFolder,
    Description,
    FolderError,
    NodeFolder,
)
from settlement_node.hosting.hosting import surroundings
from settlement_node.store.opening import open_store

_SCHEME: Final = re.compile(r"https?://")


@dataclass(frozen=True, slots=True)
class Wish:
    """What people say of a co-op that is to be made."""

    name: str
    currency: str
    token: str
    market: str
    address: str
    operator: str
    """What the first operator is called."""
    database: str | None = None
    retention_years: int = RETENTION_YEARS
    rules: MarketRules = field(default_factory=MarketRules)
    """What the first market begins with."""


async def found(node: NodeFolder, wish: Wish) -> CoopFolder:
    """Make a co-op, or nothing if something is out of bounds."""
    coop = to_text(secrets.token_bytes(ID_LENGTH))
    seeds = {name: secrets.token_bytes(SEED_LENGTH) for name in (LOG, RECEIPTS, OPERATOR)}
    facts = _facts(wish, coop, seeds)
    operator = member_id(coop, public_key(seeds[OPERATOR]))
    founder = JoinRequest(
        coop=coop,
        code=bytes(CODE_LENGTH),
        key=public_key(seeds[OPERATOR]),
        tier="software",
        name=wish.operator,
        pseudonym_salt=secrets.token_bytes(ID_LENGTH),
        issued_at=now(),
    )
    try:
        joining = founder.signed(seeds[OPERATOR])
    except JoinError as error:
        raise FolderError(f"the co-op cannot be made, by --operator: {error}") from None
    begun = node.begin(Description(coop, wish.name, wish.address, operator, wish.database))
    with ExitStack() as undo:
        undo.callback(node.discard, begun)
        for name, seed in seeds.items():
            begun.add_key(name, seed)
        store = await open_store(begun.books, begun.coop)
        try:
            await Coop.found(store, facts, joining, surroundings(begun))
        finally:
            await store.close()
        undo.pop_all()
    return node.finish(begun)


def _facts(wish: Wish, coop: str, seeds: dict[str, bytes]) -> Facts:
    try:
        check_name(wish.name)
        Invite(wish.address, public_key(seeds[RECEIPTS]), coop, bytes(CODE_LENGTH))
        return Facts(
            coop=coop,
            name=wish.name,
            currency=wish.currency,
            token=wish.token,
            market=wish.market,
            origin=f"{_SCHEME.sub('', wish.address)}/log/{coop}",
            rules=wish.rules,
            log_key=public_key(seeds[LOG]),
            receipt_key=public_key(seeds[RECEIPTS]),
            retention_years=wish.retention_years,
        ).checked()
    except (BodyError, InviteError, JoinError) as error:
        raise FolderError(f"the co-op cannot be made: {error}") from None
