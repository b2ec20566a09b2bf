"""Why a statement can't enter its chain, or enters it without effect: codes, and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final


class ProblemCode(StrEnum):
    """Every problem there is; the first group can't enter a chain, the second has no effect."""

    MALFORMED = "malformed"
    TOO_LARGE = "too-large"
    WRONG_COOP = "wrong-coop"
    UNKNOWN_KEY = "unknown-key"
    BAD_SIGNATURE = "bad-signature"
    GAP = "gap"
    FORK = "fork"
    CHAIN_ENDED = "chain-ended"
    TOO_MANY_CHAINS = "too-many-chains"
    EARLIER_LOG = "earlier-log"

    LATE = "late"
    CLOCK_WRONG = "clock-wrong"
    UNKNOWN_KIND = "unknown-kind"
    BODY_INVALID = "body-invalid"
    WRONG_STREAM = "wrong-stream"
    KEY_UNFIT = "key-unfit"


@dataclass(frozen=True, slots=True)
class Advice:
    """What a problem is called, and what whoever meets it can do."""

    title: str
    action: str


ADVICE: Final[dict[ProblemCode, Advice]] = {
    ProblemCode.MALFORMED: Advice(
        "Not a statement",
        "Correct the form and send it again; its number in the chain is still free.",
    ),
    ProblemCode.TOO_LARGE: Advice(
        "Too large",
        "Divide it into several statements; its number in the chain is still free.",
    ),
    ProblemCode.WRONG_COOP: Advice(
        "For another co-op",
        "Send it to the node of the co-op that it names.",
    ),
    ProblemCode.UNKNOWN_KEY: Advice(
        "Not a member",
        "Join with an invite, or ask an operator whether the membership still stands.",
    ),
    ProblemCode.BAD_SIGNATURE: Advice(
        "The signature does not hold",
        "Sign with the member's key in force; if it was changed elsewhere, set the home up anew.",
    ),
    ProblemCode.GAP: Advice(
        "Statements before it are missing",
        "Send the chain again from the number that is wanted, then this one.",
    ),
    ProblemCode.FORK: Advice(
        "Another statement stands there",
        "Two homes may sign with one key: stop one of them, then open a new chain.",
    ),
    ProblemCode.CHAIN_ENDED: Advice(
        "The chain has ended",
        "Two homes may sign with one key: stop one of them, then open a new chain.",
    ),
    ProblemCode.TOO_MANY_CHAINS: Advice(
        "Too many chains go on side by side",
        "Open a chain that names the heads of all that go on.",
    ),
    ProblemCode.EARLIER_LOG: Advice(
        "Said before this log began",
        "Nothing to do: it stands in the log before this one; go on after the head that is held.",
    ),
    ProblemCode.LATE: Advice(
        "Too late",
        "Nothing to do for this one; if it happens often, send earlier or check the connection.",
    ),
    ProblemCode.CLOCK_WRONG: Advice(
        "The home's clock is ahead",
        "Set the home's clock, by NTP for instance, and say it again.",
    ),
    ProblemCode.UNKNOWN_KIND: Advice(
        "A kind that this node doesn't know",
        "Wait until the co-op's node is up to date, then say it again.",
    ),
    ProblemCode.BODY_INVALID: Advice(
        "The content is not as its kind wants it",
        "Correct the field that is named and say it again.",
    ),
    ProblemCode.WRONG_STREAM: Advice(
        "Said in the wrong stream",
        "Say readings in the metering stream, and all else in the trading stream.",
    ),
    ProblemCode.KEY_UNFIT: Advice(
        "The new key can't be taken",
        "Make a new Ed25519 key, sign its possession with it, and change to it again.",
    ),
}

STATUS: Final[dict[ProblemCode, int]] = {
    ProblemCode.MALFORMED: 400,
    ProblemCode.TOO_LARGE: 413,
    ProblemCode.WRONG_COOP: 422,
    ProblemCode.UNKNOWN_KEY: 403,
    ProblemCode.BAD_SIGNATURE: 403,
    ProblemCode.GAP: 409,
    ProblemCode.FORK: 409,
    ProblemCode.CHAIN_ENDED: 409,
    ProblemCode.TOO_MANY_CHAINS: 409,
    ProblemCode.EARLIER_LOG: 410,
}
"""The HTTP status of each problem that keeps a statement out of its chain."""


@dataclass(frozen=True, slots=True)
class NoEffect:
    """Why a statement that stands in its chain does nothing."""

    code: ProblemCode
    detail: str


class RefusedError(Exception):
    """A statement that can't enter a chain."""

    code: ClassVar[ProblemCode]

    def __init__(self, detail: str) -> None:
        """Say what is wrong with this one."""
        super().__init__(detail)
        self.detail = detail

    def extensions(self) -> dict[str, object]:
        """Return what a program needs besides the code."""
        return {}


class MalformedError(RefusedError):
    """Not in the form of a statement."""

    code = ProblemCode.MALFORMED


class TooLargeError(RefusedError):
    """More bytes than a statement may have."""

    code = ProblemCode.TOO_LARGE

    def __init__(self, size: int, limit: int) -> None:
        """Say how large it is."""
        super().__init__(f"{size} bytes, where at most {limit} are allowed")
        self.limit = limit

    def extensions(self) -> dict[str, object]:
        """Return the limit."""
        return {"limit": self.limit}


class WrongCoopError(RefusedError):
    """Signed for another co-op."""

    code = ProblemCode.WRONG_COOP


class UnknownKeyError(RefusedError):
    """Of a member whose key nobody here knows."""

    code = ProblemCode.UNKNOWN_KEY


class BadSignatureError(RefusedError):
    """Not signed by the key in force."""

    code = ProblemCode.BAD_SIGNATURE


class GapError(RefusedError):
    """Something before it is missing; `chain` and `seq` are wanted first."""

    code = ProblemCode.GAP

    def __init__(self, chain: str, seq: int) -> None:
        """Say which statement is wanted."""
        super().__init__(f"number {seq} of chain {chain} is wanted first")
        self.chain = chain
        self.seq = seq

    def extensions(self) -> dict[str, object]:
        """Return the statement that is wanted."""
        return {"wanted": {"chain": self.chain, "seq": self.seq}}


class ForkError(RefusedError):
    """Contradicts what stands at a place already: evidence of two homes with one key."""

    code = ProblemCode.FORK

    def __init__(self, chain: str, seq: int, held: str) -> None:
        """Say what stands there."""
        super().__init__(f"number {seq} of chain {chain} is {held}")
        self.held = {"chain": chain, "seq": seq, "hash": held}

    def extensions(self) -> dict[str, object]:
        """Return what stands there, for an opening to name."""
        return {"held": self.held}


class ChainEndedError(RefusedError):
    """Goes on with a chain that another has followed: evidence of two homes with one key."""

    code = ProblemCode.CHAIN_ENDED

    def __init__(self, chain: str, seq: int, held: str) -> None:
        """Say where the chain ended."""
        super().__init__(f"chain {chain} ended with number {seq}")
        self.held = {"chain": chain, "seq": seq, "hash": held}

    def extensions(self) -> dict[str, object]:
        """Return the chain's last statement."""
        return {"held": self.held}


class TooManyChainsError(RefusedError):
    """Opens a chain beside as many as an opening could name."""

    code = ProblemCode.TOO_MANY_CHAINS

    def __init__(self, chains: Iterable[str]) -> None:
        """Say which chains go on."""
        self.chains = sorted(chains)
        super().__init__(f"{len(self.chains)} chains go on already")

    def extensions(self) -> dict[str, object]:
        """Return the chains that go on."""
        return {"live": self.chains}


class EarlierLogError(RefusedError):
    """Speaks of a place that lies in the log before this one."""

    code = ProblemCode.EARLIER_LOG


def problem_document(refused: RefusedError) -> dict[str, object]:
    """Return the problem as RFC 9457 wants it."""
    advice = ADVICE[refused.code]
    return {
        "type": f"urn:depin:problem:{refused.code}",
        "title": advice.title,
        "status": STATUS[refused.code],
        "detail": refused.detail,
        "code": str(refused.code),
        "action": advice.action,
        **refused.extensions(),
    }
