"""The envelope of every statement: the exact bytes that are signed, sent, stored and proven."""

import re
from hashlib import sha256
from itertools import accumulate
from typing import Final, NamedTuple, cast

from ..encoding import EncodingError, check_json, encode_json, scan_json, to_text
from ..identifiers import HASH_PATTERN, ID_PATTERN
from ..keys import SIGNATURE_LENGTH, sign, verify
from ..problems import MalformedError, NoEffect, ProblemCode, TooLargeError
from .bodies import Body, Stream
from .fields import BodyError, Fields
from .heads import Head
from .kinds import KINDS
from .membership import ChainOpening, KeyChange

MAX_STATEMENT: Final = 65_535
"""Most bytes of a statement, its signature included."""

FIRST_PREV: Final = to_text(bytes(32))
"""What the first statement of a chain gives as the hash of the one before."""

_SIGNED: Final = b"depin statement v1\x00"
_HASHED: Final = b"depin statement hash v1\x00"

# One form only: an envelope can't be read in two ways, and is read in a microsecond.
_PARTS: Final = (
    ("v", r'\{"v":1,'),
    ("coop", rf'"coop":"({ID_PATTERN})",'),
    ("member", rf'"member":"({ID_PATTERN})",'),
    ("stream", r'"stream":"(metering|trading)",'),
    ("chain", rf'"chain":"({ID_PATTERN})",'),
    ("seq", r'"seq":([1-9][0-9]{0,14}),'),
    ("prev", rf'"prev":"({HASH_PATTERN})",'),
    ("kind", r'"kind":"([a-z][a-z0-9_]{0,31})",'),
    ("issued_at", r'"issued_at":([1-9][0-9]{0,14}),'),
    ("salt", rf'"salt":"({ID_PATTERN})",'),
    ("body", r'"body":(\{.*\})\}'),
)
_ENVELOPE: Final = re.compile("".join(pattern for _, pattern in _PARTS), re.DOTALL)


class Header(NamedTuple):
    """What a statement says besides its kind and body."""

    coop: str
    member: str
    stream: Stream
    chain: str
    seq: int
    prev: str
    issued_at: int
    salt: str


class Envelope(NamedTuple):
    """A statement whose envelope was read, and whose body not yet."""

    header: Header
    kind: str
    body: str
    wire: bytes


class Statement(NamedTuple):
    """A statement as read; one without a body has no effect, and `lacks` says why."""

    header: Header
    kind: str
    body: Body | None
    lacks: NoEffect | None
    wire: bytes
    hash: str

    @property
    def head(self) -> Head:
        """The place that this statement gives its chain."""
        return Head(self.header.chain, self.header.seq, self.hash)


def sign_statement(header: Header, body: Body, seed: bytes) -> Statement:
    """Write and sign a statement; refuse to sign what would have no effect."""
    text = encode_json(
        {
            "v": 1,
            "coop": header.coop,
            "member": header.member,
            "stream": header.stream,
            "chain": header.chain,
            "seq": header.seq,
            "prev": header.prev,
            "kind": body.KIND,
            "issued_at": header.issued_at,
            "salt": header.salt,
            "body": body.to_json(),
        }
    )
    statement = read_statement(sign(seed, _SIGNED + text) + text)
    if statement.lacks is not None:
        raise MalformedError(statement.lacks.detail)
    return statement


def read_envelope(wire: bytes) -> Envelope:
    """Read who says what and where; the work is bounded, whoever sent the bytes."""
    if len(wire) > MAX_STATEMENT:
        raise TooLargeError(len(wire), MAX_STATEMENT)
    try:
        text = wire[SIGNATURE_LENGTH:].decode("utf-8")
    except UnicodeDecodeError as error:
        msg = f"not UTF-8: {error.reason} at byte {SIGNATURE_LENGTH + error.start}"
        raise MalformedError(msg) from None
    found = _ENVELOPE.fullmatch(text)
    if found is None:
        raise MalformedError(_departure(text))
    coop, member, stream, chain, seq, prev, kind, issued_at, salt, body = found.groups()
    header = Header(
        coop, member, cast("Stream", stream), chain, int(seq), prev, int(issued_at), salt
    )
    if (kind == ChainOpening.KIND) != (header.seq == 1):
        msg = "a chain_opening is number 1 of its chain, and number 1 is a chain_opening"
        raise MalformedError(msg)
    if (prev == FIRST_PREV) != (header.seq == 1):
        msg = "prev is all zero in number 1 of a chain, and nowhere else"
        raise MalformedError(msg)
    return Envelope(header, kind, body, wire)


def signature_holds(wire: bytes, key: bytes) -> bool:
    """Tell whether a key signed exactly these bytes."""
    return verify(key, _SIGNED + wire[SIGNATURE_LENGTH:], wire[:SIGNATURE_LENGTH])


def open_envelope(envelope: Envelope, known: Body | None = None) -> Statement:
    """Read the body, which may take long: best after the signature was checked.

    Who can read some bodies faster, and to the same end, gives what was read.
    """
    header, kind, text, wire = envelope
    if known is not None:
        return Statement(header, kind, known, None, wire, statement_hash(wire))
    try:
        value = scan_json(text)
        body, lacks = _read_body(header, kind, value)
        if lacks is not None:
            check_json(value)
    except EncodingError as error:
        msg = f"body: {error}"
        raise MalformedError(msg) from None
    if kind == ChainOpening.KIND:
        _check_opening(header, body, lacks)
    return Statement(header, kind, body, lacks, wire, statement_hash(wire))


def statement_hash(wire: bytes) -> str:
    """Return the name of exactly these bytes."""
    return to_text(sha256(_HASHED + wire).digest())


def read_statement(wire: bytes) -> Statement:
    """Read a statement without checking its signature."""
    return open_envelope(read_envelope(wire))


def _read_body(
    header: Header, kind: str, value: object
) -> tuple[Body, None] | tuple[None, NoEffect]:
    """Read the body, or say why it has no effect."""
    body_type = KINDS.get(kind)
    if body_type is None:
        return None, NoEffect(ProblemCode.UNKNOWN_KIND, f"the kind {kind} is unknown")
    if header.stream not in body_type.STREAMS:
        wanted = " or ".join(body_type.STREAMS)
        detail = f"{kind} belongs in the {wanted} stream"
        return None, NoEffect(ProblemCode.WRONG_STREAM, detail)
    try:
        fields = Fields(value)
        body = body_type.read(fields)
        fields.finish()
    except BodyError as error:
        return None, NoEffect(ProblemCode.BODY_INVALID, str(error))
    if isinstance(body, KeyChange) and not body.is_proven(header.coop, header.member):
        detail = "the new key is weak, or its proof of possession does not hold"
        return None, NoEffect(ProblemCode.KEY_UNFIT, detail)
    return body, None


def _check_opening(header: Header, body: Body | None, lacks: NoEffect | None) -> None:
    """Refuse an opening without effect, since what follows in the chain would rest on it."""
    if lacks is not None:
        raise MalformedError(lacks.detail)
    if isinstance(body, ChainOpening) and header.chain in {head.chain for head in body.after}:
        msg = "body.after names the chain that it opens"
        raise MalformedError(msg)


def _departure(text: str) -> str:
    """Say at which field the text leaves the envelope's form."""
    begun = accumulate(pattern for _, pattern in _PARTS)
    for (name, _), pattern in zip(_PARTS, begun, strict=True):
        if not re.match(pattern, text, re.DOTALL):
            return f"the envelope is not as agreed from {name!r} on"
    return "something follows the envelope"
