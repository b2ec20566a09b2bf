"""What a home says as a member: chains, keys, objections and votes."""

import re
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from ..encoding import from_text, to_text
from ..identifiers import HASH_LENGTH, ID_LENGTH
from ..keys import SIGNATURE_LENGTH, may_enrol, sign, verify
from .bodies import Stream
from .fields import HASH, SIGNATURE, BodyError, Fields
from .heads import Head

MAX_WORDS: Final = 2000
MAX_NAMED_HEADS: Final = 8

TIERS: Final = frozenset(("software", "secure_element", "meter"))
"""Where a key is kept, weakest first: a file, a TPM or secure element, the meter itself."""

CHOICES: Final = frozenset(("yes", "no", "abstain"))

_ACTION: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class ChainOpening:
    """The first statement of a chain; it ends the chains whose heads it names."""

    KIND: ClassVar[str] = "chain_opening"
    STREAMS: ClassVar[tuple[Stream, ...]] = ("metering", "trading")

    after: tuple[Head, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return the JSON object that is signed."""
        return {"after": [head.to_json() for head in self.after]}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read the heads, each of another chain."""
        after = fields.array("after", MAX_NAMED_HEADS, Head.read)
        if len({head.chain for head in after}) < len(after):
            msg = "body.after names two heads of one chain"
            raise BodyError(msg)
        return cls(after)


@dataclass(frozen=True, slots=True)
class KeyChange:
    """Hands over to a new key: after this statement in trading, after a named head in metering."""

    KIND: ClassVar[str] = "key_change"
    STREAMS: ClassVar[tuple[Stream, ...]] = ("trading",)

    key: bytes
    tier: str
    metering: Head | None
    possession: bytes

    def to_json(self) -> dict[str, object]:
        """Return the JSON object that is signed."""
        return {
            "key": to_text(self.key),
            "tier": self.tier,
            "metering": self.metering.to_json() if self.metering else None,
            "possession": to_text(self.possession),
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read the new key; whether it may be enrolled is `is_proven`'s to say."""
        key = from_text(fields.text("key", HASH), HASH_LENGTH)
        tier = fields.one_of("tier", TIERS)
        metering = fields.take("metering")
        head = None if metering is None else Head.read(metering, "body.metering")
        possession = from_text(fields.text("possession", SIGNATURE), SIGNATURE_LENGTH)
        return cls(key, tier, head, possession)

    def is_proven(self, coop: str, member: str) -> bool:
        """Tell whether the new key is a sound one, and in the hands of who names it."""
        return may_enrol(self.key) and verify(
            self.key, possession_message(coop, member, self.key), self.possession
        )


def prove_possession(seed: bytes, coop: str, member: str, key: bytes) -> bytes:
    """Sign, with a new key, that this member has it."""
    return sign(seed, possession_message(coop, member, key))


def possession_message(coop: str, member: str, key: bytes) -> bytes:
    """Return what a new key signs to show that it is there."""
    names = from_text(coop, ID_LENGTH) + from_text(member, ID_LENGTH)
    return b"depin key possession v1\x00" + names + key


@dataclass(frozen=True, slots=True)
class _OnDecision:
    """What is said of one of the node's decisions, which is named by its entry's hash."""

    STREAMS: ClassVar[tuple[Stream, ...]] = ("trading",)

    decision: str

    def to_json(self) -> dict[str, object]:
        """Return the JSON object that is signed."""
        return {"decision": self.decision}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read which decision, by the hash of its entry."""
        return cls(fields.text("decision", HASH))


class Veto(_OnDecision):
    """Stops a change that was announced: the replacement of this member's key, say."""

    __slots__ = ()
    KIND: ClassVar[str] = "veto"


@dataclass(frozen=True, slots=True)
class Appeal:
    """Asks for another look at a verdict."""

    KIND: ClassVar[str] = "appeal"
    STREAMS: ClassVar[tuple[Stream, ...]] = ("trading",)

    verdict: str
    reason: str

    def to_json(self) -> dict[str, object]:
        """Return the JSON object that is signed."""
        return {"verdict": self.verdict, "reason": self.reason}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read which verdict, by the hash of its entry, and why."""
        return cls(fields.text("verdict", HASH), fields.words("reason", MAX_WORDS))


@dataclass(frozen=True, slots=True)
class Vote:
    """A member's voice on a proposal; the last one before the close counts."""

    KIND: ClassVar[str] = "vote"
    STREAMS: ClassVar[tuple[Stream, ...]] = ("trading",)

    proposal: str
    choice: str

    def to_json(self) -> dict[str, object]:
        """Return the JSON object that is signed."""
        return {"proposal": self.proposal, "choice": self.choice}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read which proposal, by the hash of its entry, and the choice."""
        return cls(fields.text("proposal", HASH), fields.one_of("choice", CHOICES))


@dataclass(frozen=True, slots=True)
class Leave:
    """Ends the membership; the books are settled and what is left is paid out."""

    KIND: ClassVar[str] = "leave"
    STREAMS: ClassVar[tuple[Stream, ...]] = ("trading",)

    def to_json(self) -> dict[str, object]:
        """Return the JSON object that is signed."""
        return {}

    @classmethod
    def read(cls, fields: Fields) -> Self:  # noqa: ARG003 - there is nothing to read
        """Read nothing."""
        return cls()


class Confirmation(_OnDecision):
    """An auditor's word that it executed the log again and came to the same state."""

    __slots__ = ()
    KIND: ClassVar[str] = "confirmation"


@dataclass(frozen=True, slots=True)
class OperatorAction:
    """What an operator does, and why; the parameters are the action's own."""

    KIND: ClassVar[str] = "operator_action"
    STREAMS: ClassVar[tuple[Stream, ...]] = ("trading",)

    action: str
    parameters: dict[str, object]
    reason: str

    def to_json(self) -> dict[str, object]:
        """Return the JSON object that is signed."""
        return {"action": self.action, "parameters": self.parameters, "reason": self.reason}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read the action; its parameters are any JSON object of this protocol."""
        action = fields.text("action", _ACTION)
        parameters = fields.json_object("parameters")
        return cls(action, parameters, fields.words("reason", MAX_WORDS))
