"""Why a statement can't enter its chain, or enters it without effect: codes, and what to do."""

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

    LATE = "late"
    CLOCK_WRONG = "clock-wrong"
    UNKNOWN_KIND = "unknown-kind"
    BODY_INVALID = "body-invalid"
    WRONG_STREAM = "wrong-stream"
    KEY_UNPROVEN = "key-unproven"


@dataclass(frozen=True, slots=True)
class Advice:
    """What a problem is called, its HTTP status, and what whoever meets it can do."""

    title: str
    status: int
    action: str


ADVICE: Final[dict[ProblemCode, Advice]] = {
    ProblemCode.MALFORMED: Advice(
        "Not a statement",
        400,
        "Correct the form and send it again; its number in the chain is still free.",
    ),
    ProblemCode.TOO_LARGE: Advice(
        "Too large",
        413,
        "Divide it into several statements; its number in the chain is still free.",
    ),
    ProblemCode.WRONG_COOP: Advice(
        "For another co-op",
        422,
        "Send it to the node of the co-op that it names.",
    ),
    ProblemCode.UNKNOWN_KEY: Advice(
        "Not a member",
        403,
        "Join with an invite, or ask an operator whether the membership still stands.",
    ),
    ProblemCode.BAD_SIGNATURE: Advice(
        "The signature does not hold",
        403,
        "Sign with the member's key in force; if it was changed elsewhere, set the home up anew.",
    ),
    ProblemCode.GAP: Advice(
        "Statements before it are missing",
        409,
        "Send the chain again from the number that is wanted, then this one.",
    ),
    ProblemCode.FORK: Advice(
        "Another statement stands there",
        409,
        "Two homes may sign with one key: stop one of them, then open a new chain.",
    ),
    ProblemCode.CHAIN_ENDED: Advice(
        "The chain has ended",
        409,
        "Two homes may sign with one key: stop one of them, then open a new chain.",
    ),
    ProblemCode.LATE: Advice(
        "Too late",
        200,
        "Nothing to do for this one; if it happens often, send earlier or check the connection.",
    ),
    ProblemCode.CLOCK_WRONG: Advice(
        "The home's clock is ahead",
        200,
        "Set the home's clock, by NTP for instance, and say it again.",
    ),
    ProblemCode.UNKNOWN_KIND: Advice(
        "A kind that this node doesn't know",
        200,
        "Wait until the co-op's node is up to date, then say it again.",
    ),
    ProblemCode.BODY_INVALID: Advice(
        "The content is not as its kind wants it",
        200,
        "Correct the field that is named and say it again.",
    ),
    ProblemCode.WRONG_STREAM: Advice(
        "Said in the wrong stream",
        200,
        "Say readings in the metering stream, and all else in the trading stream.",
    ),
    ProblemCode.KEY_UNPROVEN: Advice(
        "The new key is not shown to be there",
        200,
        "Make a new Ed25519 key, sign its possession with it, and change to it again.",
    ),
}


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
    """Contradicts what stands in the chain already: evidence of two homes with one key."""

    code = ProblemCode.FORK


class ChainEndedError(RefusedError):
    """Goes on with a chain that another has followed: evidence of two homes with one key."""

    code = ProblemCode.CHAIN_ENDED


def problem_document(refused: RefusedError) -> dict[str, object]:
    """Return the problem as RFC 9457 wants it."""
    advice = ADVICE[refused.code]
    return {
        "type": f"urn:depin:problem:{refused.code}",
        "title": advice.title,
        "status": advice.status,
        "detail": refused.detail,
        "code": str(refused.code),
        "action": advice.action,
        **refused.extensions(),
    }
