"""Statements for the tests: bodies of every kind, and a home that says them."""

from hashlib import sha256

from hypothesis import strategies as st

from depin_protocol.encoding import to_text
from depin_protocol.identifiers import member_id
from depin_protocol.keys import public_key
from depin_protocol.statements.bodies import Body, Stream
from depin_protocol.statements.envelope import FIRST_PREV, Header, Statement, sign_statement
from depin_protocol.statements.heads import Head
from depin_protocol.statements.measuring import (
    MAX_OBSERVED,
    MAX_POWER,
    MAX_SCALE,
    REGISTERS,
    ROLES,
    UNITS,
    Device,
    Fine,
    Fuse,
    Observations,
    Plane,
    Readings,
)
from depin_protocol.statements.membership import (
    CHOICES,
    TIERS,
    Appeal,
    ChainOpening,
    Confirmation,
    KeyChange,
    Leave,
    OperatorAction,
    Veto,
    Vote,
    prove_possession,
)
from depin_protocol.statements.money import (
    Constant,
    Dynamic,
    Payout,
    PayoutAddress,
    Tariff,
    TimeOfUse,
)
from depin_protocol.statements.trading import (
    Cancellation,
    Curve,
    FlexibleOrder,
    Order,
    Preference,
    Side,
    StandingOrder,
)
from depin_protocol.statements.week import WEEK

NOON = 1_800_000_000_000
"""A round moment in 2027."""

QUARTER = 15 * 60 * 1000
PRICE = 2**40


def ident(number: int) -> str:
    """Make a name of 16 bytes."""
    return to_text(sha256(b"name %d" % number).digest()[:16])


def digest(number: int) -> str:
    """Make a hash."""
    return to_text(sha256(b"hash %d" % number).digest())


def seed(number: int) -> bytes:
    """Make the seed of a key."""
    return sha256(b"seed %d" % number).digest()


COOP = ident(0)


class Home:
    """A home that says things, in its two streams, with the key that it has at the time."""

    def __init__(self, number: int = 1) -> None:
        """Begin with a key."""
        self.number = number
        self.seed = seed(number)
        self.member = member_id(COOP, public_key(self.seed))
        self.heads: dict[Stream, Head] = {}
        self._opened = 0

    def open(self, stream: Stream, *after: Head) -> Statement:
        """Open a chain after those named."""
        self._opened += 1
        chain = ident(1000 * self.number + self._opened)
        return self._say(stream, ChainOpening(after), chain, 1, FIRST_PREV)

    def say(self, stream: Stream, body: Body, at: int = NOON) -> Statement:
        """Go on with the stream's chain."""
        head = self.heads[stream]
        return self._say(stream, body, head.chain, head.seq + 1, head.hash, at)

    def change_key(self, number: int, metering: Head | None) -> Statement:
        """Hand over to another key."""
        key = public_key(seed(number))
        possession = prove_possession(seed(number), COOP, self.member, key)
        statement = self.say("trading", KeyChange(key, "software", metering, possession))
        self.seed = seed(number)
        return statement

    def _say(
        self, stream: Stream, body: Body, chain: str, seq: int, prev: str, at: int = NOON
    ) -> Statement:
        header = Header(COOP, self.member, stream, chain, seq, prev, at, ident(seq))
        statement = sign_statement(header, body, self.seed)
        self.heads[stream] = statement.head
        return statement


idents = st.binary(min_size=16, max_size=16).map(to_text)
hashes = st.binary(min_size=32, max_size=32).map(to_text)
markets = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", fullmatch=True)
prices = st.integers(-PRICE, PRICE)
times = st.integers(1, 10**15 - 1)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
sides: st.SearchStrategy[Side] = st.sampled_from(["bid", "ask"])


@st.composite
def steps(draw: st.DrawFn, side: str) -> tuple[tuple[int, int], ...]:
    """Draw the steps of a curve, best price first."""
    limits = sorted(draw(st.sets(prices, max_size=6)), reverse=side == "bid")
    return tuple((limit, draw(st.integers(1, 10**6))) for limit in limits)


@st.composite
def curves(draw: st.DrawFn) -> tuple[Curve, ...]:
    """Draw the curves of an order."""
    slots = draw(st.sets(st.tuples(st.integers(0, 40), sides), min_size=1, max_size=6))
    ordered = sorted(slots, key=lambda slot: (slot[0], slot[1] == "ask"))
    return tuple(Curve(NOON + at * QUARTER, side, draw(steps(side))) for at, side in ordered)


@st.composite
def windows(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """Draw windows of the week, apart from each other."""
    ends = sorted(draw(st.sets(st.integers(0, WEEK), max_size=6)))
    return tuple(zip(ends[::2], ends[1::2], strict=False))


@st.composite
def readings(draw: st.DrawFn) -> Readings:
    """Draw columns of one length, with gaps."""
    at = tuple(sorted(draw(st.sets(times, min_size=1, max_size=8))))

    def column(low: int, high: int, *, gaps: bool = True) -> tuple[int | None, ...]:
        values = st.integers(low, high)
        return tuple(draw(st.none() | values if gaps else values) for _ in at)

    names = draw(st.sets(st.sampled_from(REGISTERS)))
    power = column(-MAX_POWER, MAX_POWER) if not names or draw(st.booleans()) else None
    flags = column(0, 15, gaps=False) if draw(st.booleans()) else None
    return Readings(
        draw(idents),
        at,
        {name: column(0, 2**62 - 1) for name in REGISTERS if name in names},
        power,
        flags,  # type: ignore[arg-type]
        draw(st.none() | st.builds(Fine, hashes, st.integers(1, 10**6))),
    )


@st.composite
def observations(draw: st.DrawFn) -> Observations:
    """Draw what a sensor saw, without gaps."""
    at = tuple(sorted(draw(st.sets(times, min_size=1, max_size=8))))
    flags = st.sampled_from(range(0, 15, 2))
    return Observations(
        draw(idents),
        draw(st.sampled_from(sorted(UNITS))),
        draw(st.integers(-MAX_SCALE, MAX_SCALE)),
        at,
        tuple(draw(st.integers(-MAX_OBSERVED, MAX_OBSERVED)) for _ in at),
        tuple(draw(flags) for _ in at) if draw(st.booleans()) else None,
    )


@st.composite
def standing_orders(draw: st.DrawFn) -> StandingOrder:
    """Draw a rule for one side."""
    side = draw(sides)
    return StandingOrder(draw(markets), side, draw(steps(side)), draw(windows()))


@st.composite
def flexible_orders(draw: st.DrawFn) -> FlexibleOrder:
    """Draw a wish for energy at any time of a span."""
    begin, end = sorted(draw(st.sets(times, min_size=2, max_size=2)))
    energy, power = draw(st.integers(1, 2**31)), draw(st.integers(1, 2**31))
    return FlexibleOrder(draw(markets), energy, power, draw(prices), begin, end)


@st.composite
def cancellations(draw: st.DrawFn) -> Cancellation:
    """Draw something to take back."""
    slots = draw(st.sets(st.tuples(times, sides), max_size=5))
    ordered = tuple(sorted(slots, key=lambda slot: (slot[0], slot[1] == "ask")))
    flexible = tuple(draw(st.lists(hashes, min_size=0 if ordered else 1, max_size=3)))
    return Cancellation(draw(markets), ordered, flexible)


heads = st.builds(Head, idents, st.integers(1, 10**15 - 1), hashes)

time_of_use = st.builds(
    lambda spans, price: TimeOfUse(tuple((*span, price) for span in spans), price),
    windows().filter(bool),
    prices,
)
dynamic = st.dictionaries(times, prices, min_size=1, max_size=5).map(
    lambda values: Dynamic(tuple(sorted(values.items())))
)
tariffs = st.builds(Constant, prices) | time_of_use | dynamic

json_objects = st.dictionaries(
    words,
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | words,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
        max_leaves=5,
    ),
    max_size=3,
)

BODIES: dict[str, st.SearchStrategy[Body]] = {
    "readings": readings(),
    "observations": observations(),
    "order": st.builds(Order, markets, curves()),
    "cancellation": cancellations(),
    "standing_order": standing_orders(),
    "flexible_order": flexible_orders(),
    "preference": st.builds(
        Preference, markets, st.lists(idents, max_size=4, unique=True).map(tuple)
    ),
    "tariff": st.builds(Tariff, markets, tariffs, tariffs),
    "device": st.builds(
        Device,
        idents,
        st.sampled_from(sorted(ROLES)),
        st.dictionaries(st.sampled_from(REGISTERS), st.integers(1, 10**6)),
        st.none() | st.builds(Fuse, st.integers(1, 10**8), st.integers(1, 3)),
        st.none() | st.integers(1, MAX_POWER),
        st.none() | st.integers(1, MAX_POWER),
        st.none() | st.builds(Plane, st.integers(0, 90), st.integers(0, 359)),
        st.booleans(),
    ),
    "chain_opening": st.builds(
        ChainOpening, st.lists(heads, max_size=3, unique_by=lambda head: head.chain).map(tuple)
    ),
    "key_change": st.builds(
        lambda number, tier, head: KeyChange(
            public_key(seed(number)),
            tier,
            head,
            prove_possession(seed(number), COOP, Home().member, public_key(seed(number))),
        ),
        st.integers(2, 9),
        st.sampled_from(sorted(TIERS)),
        st.none() | heads,
    ),
    "veto": st.builds(Veto, hashes),
    "payout": st.builds(Payout, st.integers(1, 2**62 - 1)),
    "payout_address": st.builds(
        PayoutAddress, st.none() | st.from_regex(r"0x[0-9a-f]{40}", fullmatch=True)
    ),
    "appeal": st.builds(Appeal, hashes, words),
    "vote": st.builds(Vote, hashes, st.sampled_from(sorted(CHOICES))),
    "leave": st.just(Leave()),
    "confirmation": st.builds(Confirmation, hashes),
    "operator_action": st.builds(
        OperatorAction,
        st.from_regex(r"[a-z][a-z0-9_]{0,63}", fullmatch=True),
        json_objects,
        words,
    ),
}
