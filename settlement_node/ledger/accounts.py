"""Accounts: their kinds, a closed set, whose they are, and what they hold."""

import enum
from dataclasses import dataclass
from typing import Final

from settlement_node.ledger.assets import Asset

MAX_OWNER: Final = 64
"""Most bytes of an owner: a member's name, a market's, or none for the co-op itself."""


class Bound(enum.IntEnum):
    """What an account's limit holds back on one of its sides."""

    NOTHING = 0
    RESERVATIONS = 1
    EVERYTHING = 2


class AccountKind(enum.IntEnum):
    """Every kind of account there is; `KIND_RULES` says what each is for."""

    BANK = 1
    OPENING_BALANCES = 2
    SUSPENSE = 3
    COOP_FUNDS = 4
    MEMBER_MONEY = 10
    RESERVATIONS = 11
    INTERVAL_CLEARING = 12
    BALANCING = 20
    GRID_FEES = 21
    LEVIES = 22
    COOP_FEE = 23
    VAT = 24
    ROUNDING = 25
    CONGESTION_RENT = 26
    MECHANISM_SURPLUS = 27
    EMISSION = 40
    MEMBER_TOKENS = 41
    TREASURY = 42
    UNALLOCATED = 43
    ON_CHAIN = 44
    ISSUED_CERTIFICATES = 60
    MEMBER_CERTIFICATES = 61
    CERTIFICATE_POOL = 62
    RETIRED_CERTIFICATES = 63

    # In C: it is asked at every transfer.
    __hash__ = int.__hash__


@dataclass(frozen=True, slots=True)
class KindRule:
    """What a kind of account is for, and what holds for all accounts of it.

    `debits` is what must not take more than came in, `credits` the same for an account whose
    balance is a debit, as a bank's is. `history` keeps the balances after each transfer.
    """

    asset: Asset
    purpose: str
    debits: Bound = Bound.NOTHING
    credits: Bound = Bound.NOTHING
    history: bool = False


MEMBERS_ACCOUNTS: Final = (
    AccountKind.MEMBER_MONEY,
    AccountKind.MEMBER_TOKENS,
    AccountKind.MEMBER_CERTIFICATES,
)
"""What everybody who joins is given."""

_MONEY: Final = Asset.CURRENCY
_TOKENS: Final = Asset.TOKEN
_CERTIFICATES: Final = Asset.CERTIFICATE

KIND_RULES: Final[dict[AccountKind, KindRule]] = {
    AccountKind.BANK: KindRule(
        _MONEY,
        "Money at a bank: one account for each bank account, owned by its number.",
        credits=Bound.RESERVATIONS,
        history=True,
    ),
    AccountKind.OPENING_BALANCES: KindRule(
        _MONEY, "The other side of what members and banks held before these books began."
    ),
    AccountKind.SUSPENSE: KindRule(
        _MONEY,
        "Bank lines that could be matched to nobody, until somebody says whose they are.",
        history=True,
    ),
    AccountKind.COOP_FUNDS: KindRule(
        _MONEY, "The co-op's own money: what it earned, what its bank charged.", history=True
    ),
    AccountKind.MEMBER_MONEY: KindRule(
        _MONEY,
        "What the co-op owes a member; its limit is how far orders may go below zero.",
        debits=Bound.RESERVATIONS,
        history=True,
    ),
    AccountKind.RESERVATIONS: KindRule(
        _MONEY,
        "What orders hold: reserved until the gate, then what was cleared until it is settled.",
    ),
    AccountKind.INTERVAL_CLEARING: KindRule(
        _MONEY, "Where an interval's money comes together; zero before and after each settlement."
    ),
    AccountKind.BALANCING: KindRule(
        _MONEY, "What sellers short and buyers long paid above what others received for it."
    ),
    AccountKind.GRID_FEES: KindRule(_MONEY, "Grid fees collected for the grid operator."),
    AccountKind.LEVIES: KindRule(_MONEY, "Levies collected for the state."),
    AccountKind.COOP_FEE: KindRule(_MONEY, "The co-op's fee, zero unless its members voted one."),
    AccountKind.VAT: KindRule(_MONEY, "Value added tax collected for the state."),
    AccountKind.ROUNDING: KindRule(
        _MONEY, "What rounding down moved: below zero by less than one unit a member and interval."
    ),
    AccountKind.CONGESTION_RENT: KindRule(
        _MONEY, "The difference of zones' prices on the energy that crossed between them."
    ),
    AccountKind.MECHANISM_SURPLUS: KindRule(
        _MONEY, "What buyers paid above what sellers got, under McAfee's rule."
    ),
    AccountKind.EMISSION: KindRule(
        _TOKENS, "Where tokens come from: minted is its debit balance less what is unallocated."
    ),
    AccountKind.MEMBER_TOKENS: KindRule(
        _TOKENS,
        "A member's tokens that are not on the chain.",
        debits=Bound.RESERVATIONS,
        history=True,
    ),
    AccountKind.TREASURY: KindRule(
        _TOKENS, "The co-op's own tokens.", debits=Bound.RESERVATIONS, history=True
    ),
    AccountKind.UNALLOCATED: KindRule(
        _TOKENS, "What was to be given for an epoch and found no taker, noted and not minted."
    ),
    AccountKind.ON_CHAIN: KindRule(
        _TOKENS,
        "Tokens paid out to a member on the chain, in sum for ever: one account a member.",
        debits=Bound.EVERYTHING,
        history=True,
    ),
    AccountKind.ISSUED_CERTIFICATES: KindRule(
        _CERTIFICATES, "Where certificates come from: its debit balance is all Wh ever certified."
    ),
    AccountKind.MEMBER_CERTIFICATES: KindRule(
        _CERTIFICATES,
        "Certificates of energy that a member produced or received and that nobody used yet.",
        debits=Bound.RESERVATIONS,
        history=True,
    ),
    AccountKind.CERTIFICATE_POOL: KindRule(
        _CERTIFICATES,
        "Through which an interval's certificates pass; zero before and after, never below.",
        debits=Bound.EVERYTHING,
    ),
    AccountKind.RETIRED_CERTIFICATES: KindRule(
        _CERTIFICATES, "Certificates of energy that was used.", debits=Bound.EVERYTHING
    ),
}


@dataclass(frozen=True, slots=True)
class AccountName:
    """What makes an account this one: its kind, and whose it is (empty: the co-op's)."""

    kind: AccountKind
    owner: bytes = b""

    def __post_init__(self) -> None:
        """Refuse an owner that no row could hold."""
        if len(self.owner) > MAX_OWNER:
            raise ValueError(f"an owner of {len(self.owner)} bytes, where at most {MAX_OWNER} fit")


@dataclass(frozen=True, slots=True)
class Balance:
    """What was booked and what is reserved on the two sides of an account."""

    debits_pending: int = 0
    debits_posted: int = 0
    credits_pending: int = 0
    credits_posted: int = 0

    @property
    def posted(self) -> int:
        """What the account holds for its owner: credits less debits."""
        return self.credits_posted - self.debits_posted

    @property
    def available(self) -> int:
        """What it holds less what is reserved to leave it."""
        return self.posted - self.debits_pending


class Account:
    """An account as the ledger works on it; whoever reads it takes `balance`."""

    __slots__ = (
        "asset",
        "closed",
        "credits_bound",
        "credits_pending",
        "credits_posted",
        "debits_bound",
        "debits_pending",
        "debits_posted",
        "history",
        "kind",
        "limit",
        "name",
        "number",
    )

    def __init__(
        self, number: int, name: AccountName, *, limit: int = 0, closed: bool = False
    ) -> None:
        rule = KIND_RULES[name.kind]
        self.number = number
        self.name = name
        self.limit = limit
        self.closed = closed
        # Read at every transfer, so they stand here too.
        self.kind = name.kind
        self.asset = rule.asset
        self.history = rule.history
        self.debits_bound = rule.debits
        self.credits_bound = rule.credits
        self.debits_pending = 0
        self.debits_posted = 0
        self.credits_pending = 0
        self.credits_posted = 0

    @property
    def balance(self) -> Balance:
        """The four sums as they stand."""
        return Balance(
            self.debits_pending, self.debits_posted, self.credits_pending, self.credits_posted
        )
