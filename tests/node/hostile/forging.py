"""Statements as hostile members write them: sound in all but what is bent, and signed all the same.

Most get past the signature, since that is where a node's work begins.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from depin_protocol.encoding import encode_json, to_text
from depin_protocol.identifiers import member_id
from depin_protocol.keys import public_key, sign
from depin_protocol.statements.bodies import Stream
from depin_protocol.statements.envelope import FIRST_PREV, MAX_STATEMENT
from depin_protocol.statements.heads import Head
from depin_protocol.statements.kinds import KINDS
from depin_protocol.statements.membership import (
    ChainOpening,
    KeyChange,
    Leave,
    OperatorAction,
    prove_possession,
)
from depin_protocol.statements.record import CoopRecord, MemberRecord
from settlement_node.governance.actions import SetRoles, Suspend, action_body
from settlement_node.governance.member import Role
from tests.node.hostile.bending import bent_body, bent_text, bent_wire

LOW_ORDER = to_text(bytes([1]) + bytes(31))
"""The identity, written as a key."""

SIGNED = b"depin statement v1\x00"

KIND_BENDS = ('"order2"', '"Order"', '"\u043erder"', '""', "null", "7")
VALUE_BENDS = ("null", "1.0", "01", "-1", f'"{LOW_ORDER}"', '"\u0661"', "\u0661", "1e3")

type Parts = dict[str, str]
"""An envelope's fields in their order, each as it is written."""


@dataclass
class Hands:
    """Members whose keys are known, and what a co-op has heard from them."""

    coop: str
    record: CoopRecord
    chance: Random
    seeds: dict[bytes, bytes] = field(default_factory=dict)
    members: list[str] = field(default_factory=list)
    bodies: list[dict[str, object]] = field(default_factory=list)
    """Sound bodies with their `kind`, of which most that is said is made."""
    said: list[bytes] = field(default_factory=list)
    """What was said of late, taken or not."""
    used: list[str] = field(default_factory=list)
    """Chains of late."""

    def enrol(self, seed: bytes) -> str:
        """Let one more member be heard."""
        key = public_key(seed)
        member = member_id(self.coop, key)
        self.seeds[key] = seed
        self.record.join(member, key)
        self.members.append(member)
        return member

    def next_wire(self) -> bytes:
        """Write one more statement."""
        chance = self.chance
        if self.said and chance.random() < 0.1:
            wire = chance.choice(self.said)
        else:
            wire = self._written()[: MAX_STATEMENT + 1]
        if chance.random() < 0.15:
            wire = bent_wire(wire, chance)
        self.said.append(wire)
        del self.said[:-500]
        return wire

    def _written(self) -> bytes:
        chance = self.chance
        name = chance.choice(self.members)
        stream: Stream = chance.choice(("metering", "trading"))
        member = self.record_of(name)
        kind, body = self._body(name, member, stream)
        if kind not in {"readings", ChainOpening.KIND} and chance.random() < 0.9:
            stream = "trading"
        live = sorted(member.streams[stream].live())
        if not live and kind != ChainOpening.KIND:
            kind, body = ChainOpening.KIND, self._opening(member, stream)
        head = self._head(member, stream, live)
        if kind == ChainOpening.KIND:
            place = Head(to_text(chance.randbytes(16)), 1, FIRST_PREV)
        else:
            place = Head(head.chain, head.seq + 1, head.hash)
        place = self._misplaced(place)
        self.used.append(place.chain)
        del self.used[:-50]
        parts: Parts = {
            "v": "1",
            "coop": f'"{self.coop}"',
            "member": f'"{name}"',
            "stream": f'"{stream}"',
            "chain": f'"{place.chain}"',
            "seq": str(place.seq),
            "prev": f'"{place.hash}"',
            "kind": f'"{kind}"',
            "issued_at": str(chance.choice((1_800_000_000_000, 1, 10**15 - 1, 1_700_000_000_000))),
            "salt": f'"{to_text(chance.randbytes(16))}"',
            "body": encode_json(body).decode(),
        }
        self._bend(parts, body)
        text = "{" + ",".join(f'"{name}":{value}' for name, value in parts.items()) + "}"
        data = text.encode("utf-8", "surrogatepass")
        if chance.random() < 0.05:
            data = bent_text(data, chance)
        return self._signature(data, member, stream, place) + data

    def record_of(self, name: str) -> MemberRecord:
        """Return what was heard of a member."""
        found = self.record.find(name)
        if found is None:
            raise LookupError(name)
        return found

    def _head(self, member: MemberRecord, stream: Stream, live: list[str]) -> Head:
        """Choose a chain to go on with: mostly one that may."""
        chance = self.chance
        chain = chance.choice(live or [to_text(bytes(16))])
        if self.used and chance.random() < 0.08:
            chain = chance.choice(self.used)
        return member.streams[stream].head(chain) or Head(chain, 1, to_text(chance.randbytes(32)))

    def _misplaced(self, place: Head) -> Head:
        chance = self.chance
        if chance.random() < 0.85:
            return place
        numbers = (0, 1, place.seq - 1, place.seq + 1, 10**15 - 1, 10**15, 2**64)
        bends: tuple[Callable[[], Head], ...] = (
            lambda: place._replace(seq=chance.choice(numbers)),
            lambda: place._replace(hash=to_text(chance.randbytes(32))),
            lambda: place._replace(hash=FIRST_PREV),
            lambda: place._replace(chain=to_text(chance.randbytes(16))),
        )
        return chance.choice(bends)()

    def _body(
        self, name: str, member: MemberRecord, stream: Stream
    ) -> tuple[str, dict[str, object]]:
        chance = self.chance
        what = chance.random()
        if what < 0.06:
            return ChainOpening.KIND, self._opening(member, stream)
        if what < 0.08:
            return KeyChange.KIND, self._key_change(name, member)
        if what < 0.10:
            action = chance.choice((Suspend(name), SetRoles(name, (Role.MEMBER,))))
            return OperatorAction.KIND, dict(action_body(action, "bent").to_json())
        drawn = dict(chance.choice(self.bodies))
        if drawn["kind"] == Leave.KIND and chance.random() < 0.95:
            drawn = dict(chance.choice(self.bodies))
        return str(drawn.pop("kind")), drawn

    def _opening(self, member: MemberRecord, stream: Stream) -> dict[str, object]:
        heads = [member.streams[stream].head(chain) for chain in member.streams[stream].live()]
        named = sorted(head for head in heads if head is not None)
        if self.chance.random() < 0.2:
            named = self.chance.sample(named, self.chance.randint(0, len(named)))
        return ChainOpening(tuple(named)).to_json()

    def _key_change(self, name: str, member: MemberRecord) -> dict[str, object]:
        seed = self.chance.randbytes(32)
        key = public_key(seed)
        self.seeds[key] = seed
        live = sorted(member.streams["metering"].live())
        head = member.streams["metering"].head(live[0]) if live else None
        possession = prove_possession(seed, self.coop, name, key)
        body = KeyChange(key, "software", head, possession).to_json()
        if self.chance.random() < 0.1:
            body["key"] = LOW_ORDER
        return body

    def _bend(self, parts: Parts, body: dict[str, object]) -> None:
        """Bend the envelope, the body, or neither."""
        chance = self.chance
        what = chance.random()
        if what < 0.3:
            parts["body"] = bent_body(body, chance)
        elif what < 0.33:
            parts["kind"] = chance.choice(KIND_BENDS)
        elif what < 0.36:
            room = MAX_STATEMENT - chance.choice((700, 600, 400, 64, 0, -1))
            parts["kind"] = f'"{chance.choice(("vote", "unheard_of", *sorted(KINDS)))}"'
            parts["body"] = f'{{"filler":"{"x" * room}"}}'
        elif what < 0.42:
            name = chance.choice(list(parts))
            parts[name] = chance.choice((*parts.values(), *VALUE_BENDS))
        elif what < 0.44:
            name = chance.choice(list(parts))
            parts[name] = parts.pop(name)

    def _signature(self, data: bytes, member: MemberRecord, stream: Stream, place: Head) -> bytes:
        """Sign with the key that counts at this place, mostly."""
        opened_under = member.streams[stream].opened_under(place.chain)
        index = member.history.index_at(stream, place.chain, place.seq, opened_under)
        key = member.history.keys[index]
        what = self.chance.random()
        if what < 0.05:
            key = self.chance.choice(member.history.keys)
        elif what < 0.08:
            key = self.record_of(self.chance.choice(self.members)).history.keys[0]
        return sign(self.seeds[key], SIGNED + data)
