"""A member: its keys, roles and standing, and what was heard from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

from depin_protocol.encoding import decode_json, encode_json, from_text, to_text
from depin_protocol.identifiers import HASH_LENGTH, ID_LENGTH
from depin_protocol.joining import MAX_NAME
from depin_protocol.statements.bodies import Stream
from depin_protocol.statements.chains import Entry
from depin_protocol.statements.envelope import Statement
from depin_protocol.statements.fields import ID, MAX_TIME, BodyError, Fields, array, hash_text
from depin_protocol.statements.heads import Head
from depin_protocol.statements.history import LOST, Handover, KeyHistory
from depin_protocol.statements.membership import TIERS, KeyChange
from settlement_node.intake.streams import (
    NUMBER_OF,
    STREAMS,
    Chain,
    Place,
    StreamState,
    chain_changes,
    chain_row,
)
from settlement_node.store.tables import Change, Put, Row, Table, binary

MEMBER: Final = Table("member", binary("member"), binary("data"))

MAX_EVIDENCE: Final = 8
"""At so many places of a stream other bytes are kept until the owner has answered."""

_MAX_KEYS: Final = 2**16


class Role(StrEnum):
    """What somebody may do besides what every member may."""

    MEMBER = "member"
    """Trades, earns and votes."""
    AUDITOR = "auditor"
    """Reads all bodies, to execute everything again."""
    OPERATOR = "operator"
    """Invites, suspends, replaces keys: by signed actions that stand in the log."""


_READERS: Final = frozenset((Role.AUDITOR, Role.OPERATOR))
"""Who can read the orders of others before their gate."""


class Standing(StrEnum):
    """Whether what a member says has an effect."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    LEFT = "left"


@dataclass(slots=True)
class Member:
    """A member, as far as the log says."""

    id: str
    history: KeyHistory
    tiers: tuple[str, ...]
    roles: frozenset[Role]
    standing: Standing
    name: str
    pseudonym_salt: bytes
    joined_index: int
    read_until: int = 0
    """When the member laid down the last role in which it could read the orders of others."""
    held: tuple[Place, ...] = ()
    """Where somebody else seems to speak with this key, and the owner has not answered yet."""
    streams: dict[Stream, StreamState] = field(
        default_factory=lambda: {stream: StreamState() for stream in STREAMS}
    )

    @property
    def key(self) -> bytes:
        """The key that was enrolled last."""
        return self.history.keys[-1]

    @property
    def orders_held(self) -> bool:
        """Tell whether new orders wait for the owner's answer."""
        return bool(self.held) or any(len(one.live()) > 1 for one in self.streams.values())

    def lacks_evidence(self, stream: Stream, chain: str, seq: int) -> bool:
        """Tell whether other bytes at this place are news, and worth an entry of the log.

        A key that counts no more is known not to be the owner's: it can hold nothing.
        """
        if self.key_index(stream, chain, seq) != len(self.history.keys) - 1:
            return False
        kept = [place for place in self.held if place.stream == stream]
        return len(kept) < MAX_EVIDENCE and Place(self.id, stream, chain, seq) not in kept

    def acts_as(self, role: Role) -> bool:
        """Tell whether the member may act in a role now."""
        return self.standing is Standing.ACTIVE and role in self.roles

    def has_read_orders(self, since: int) -> bool:
        """Tell whether the member could read the orders of others after an instant."""
        return bool(self.roles & _READERS) or self.read_until > since

    def set_roles(self, roles: frozenset[Role], at: int) -> None:
        """Have exactly these roles from an instant on."""
        if self.roles & _READERS:
            self.read_until = at
        self.roles = roles

    def key_index(self, stream: Stream, chain: str, seq: int) -> int:
        """Tell which of the member's keys counts at a place."""
        opened_under = self.streams[stream].opened_under(chain)
        return self.history.index_at(stream, chain, seq, opened_under)

    def enter(
        self, statement: Statement, entry: Entry, index: int
    ) -> dict[tuple[Stream, str], Chain]:
        """Take a statement that was admitted; return the chains that moved."""
        header = statement.header
        stream = self.streams[header.stream]
        # A chain is opened with the newest key.
        stream.append(entry.head, len(self.history.keys) - 1, index)
        moved = {(header.stream, header.chain): stream.chains[header.chain]}
        for name, chain in sorted(entry.ends):
            moved[name, chain] = self.streams[name].end(chain, index)
        if header.seq == 1 and len(stream.live()) == 1:
            self.held = tuple(place for place in self.held if place.stream != header.stream)
        if isinstance(statement.body, KeyChange):
            handover = Handover(statement.body.metering, entry.head)
            self.history.hand_over(statement.body.key, handover)
            self.tiers = (*self.tiers, statement.body.tier)
        return moved

    def replace_key(self, key: bytes, tier: str, index: int) -> list[Change]:
        """Hand over to a key that the old one did not name; all that it said ends where it is."""
        self.history.hand_over(key, LOST)
        self.tiers = (*self.tiers, tier)
        ended = {
            (self.id, name, chain): stream.end(chain, index)
            for name, stream in self.streams.items()
            for chain in stream.live()
        }
        return [Put(MEMBER, [self.row()]), *chain_changes(ended)]

    def chain_rows(self) -> Iterator[Row]:
        """Give the rows of the chains that may go on."""
        for name, stream in self.streams.items():
            for chain, held in stream.chains.items():
                yield chain_row(self.id, name, chain, held)

    def row(self) -> Row:
        """Return the member's row, without its chains."""
        data = {
            "keys": [to_text(key) for key in self.history.keys],
            "handovers": [
                [_head_json(handover.metering), _head_json(handover.trading)]
                for handover in self.history.handovers
            ],
            "tiers": self.tiers,
            "roles": sorted(self.roles),
            "standing": self.standing,
            "name": self.name,
            "salt": to_text(self.pseudonym_salt),
            "joined": self.joined_index,
            "read_until": self.read_until,
            "held": [[NUMBER_OF[one.stream], one.chain, one.seq] for one in self.held],
        }
        return from_text(self.id, ID_LENGTH), encode_json(data)

    @classmethod
    def read(cls, row: Row) -> Self:
        """Read the member's row."""
        member, data = row
        if not isinstance(member, bytes) or not isinstance(data, bytes):
            raise TypeError(f"not the row of a member: {row!r}")
        fields = Fields(decode_json(data), "member")
        keys = fields.array("keys", _MAX_KEYS, hash_text, least=1)
        handovers = fields.array("handovers", _MAX_KEYS, _read_handover)
        return cls(
            id=(name := to_text(member)),
            history=_history([from_text(key, HASH_LENGTH) for key in keys], handovers),
            tiers=fields.array("tiers", _MAX_KEYS, _read_tier),
            roles=frozenset(fields.array("roles", len(Role), _read_role)),
            standing=Standing(fields.one_of("standing", list(Standing))),
            name=fields.words("name", MAX_NAME),
            pseudonym_salt=from_text(fields.text("salt", ID), ID_LENGTH),
            joined_index=fields.integer("joined", 0, MAX_TIME),
            read_until=fields.integer("read_until", 0, MAX_TIME),
            held=tuple(
                Place(name, *place)
                for place in fields.array("held", len(STREAMS) * MAX_EVIDENCE, _read_place)
            ),
        )


def _history(keys: Sequence[bytes], handovers: Sequence[Handover]) -> KeyHistory:
    history = KeyHistory(keys[0])
    for key, handover in zip(keys[1:], handovers, strict=True):
        history.hand_over(key, handover)
    return history


def _head_json(head: Head | None) -> dict[str, object] | None:
    return None if head is None else head.to_json()


def _read_handover(value: object, path: str) -> Handover:
    metering, trading = array(value, path, 2, _read_head, least=2)
    return Handover(metering, trading)


def _read_head(value: object, path: str) -> Head | None:
    return None if value is None else Head.read(value, path)


def _read_place(value: object, path: str) -> tuple[Stream, str, int]:
    match value:
        case [int(number), str(chain), int(seq)]:
            fields = Fields({"stream": number, "chain": chain, "seq": seq}, path)
            stream = STREAMS[fields.integer("stream", 0, len(STREAMS) - 1)]
            return stream, fields.text("chain", ID), fields.integer("seq", 1, MAX_TIME)
    raise BodyError(f"{path} is no place")


def _read_tier(value: object, path: str) -> str:
    return Fields({"tier": value}, path).one_of("tier", TIERS)


def _read_role(value: object, path: str) -> Role:
    return Role(Fields({"role": value}, path).one_of("role", list(Role)))
