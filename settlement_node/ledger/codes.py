"""What a transfer is for: a closed set of codes, and the accounts that each may move between."""

import enum
from typing import Final

from settlement_node.ledger.accounts import AccountKind as Kind


class Code(enum.IntEnum):
    """Every reason there is to move something; `docs/ledger.md` has a section on each."""

    OPENING_BANK = 1
    OPENING_MEMBER = 2
    OPENING_FUNDS = 3
    DEPOSIT = 10
    DEPOSIT_RETURNED = 11
    PAYOUT = 12
    PAYOUT_RETURNED = 13
    UNMATCHED_IN = 14
    UNMATCHED_OUT = 15
    SUSPENSE_IDENTIFIED = 16
    SUSPENSE_CHARGED = 17
    COOP_FUNDS_IN = 18
    COOP_FUNDS_OUT = 19
    ORDER_RESERVATION = 30
    CLEARED_RESERVATION = 31
    SETTLEMENT_DUE = 32
    SETTLEMENT_PAID = 33
    BALANCING = 40
    GRID_FEES = 41
    LEVIES = 42
    COOP_FEE = 43
    VAT = 44
    ROUNDING = 45
    CONGESTION_RENT = 46
    MECHANISM_SURPLUS = 47
    CORRECTION_DUE = 50
    CORRECTION_PAID = 51
    COLLECTED_TO_FUNDS = 52
    COLLECTED_PAID_ON = 53
    REWARD = 60
    REWARD_TAKEN_BACK = 61
    REWARD_UNALLOCATED = 62
    TREASURY_GRANT = 63
    TREASURY_MINT = 64
    TOKEN_PAYOUT = 65
    CERTIFICATES_ISSUED = 80
    CERTIFICATES_WITHDRAWN = 81
    CERTIFICATES_INTO_POOL = 82
    CERTIFICATES_FROM_POOL = 83
    CERTIFICATES_RETIRED = 84
    CERTIFICATES_REVIVED = 85

    # In C: it is asked at every transfer.
    __hash__ = int.__hash__


_COLLECTED: Final = (
    Kind.BALANCING,
    Kind.GRID_FEES,
    Kind.LEVIES,
    Kind.COOP_FEE,
    Kind.VAT,
    Kind.ROUNDING,
    Kind.CONGESTION_RENT,
    Kind.MECHANISM_SURPLUS,
)
_CLEARING: Final = Kind.INTERVAL_CLEARING

MOVES: Final[dict[Code, tuple[tuple[Kind, Kind], ...]]] = {
    Code.OPENING_BANK: ((Kind.BANK, Kind.OPENING_BALANCES),),
    Code.OPENING_MEMBER: (
        (Kind.OPENING_BALANCES, Kind.MEMBER_MONEY),
        (Kind.MEMBER_MONEY, Kind.OPENING_BALANCES),
    ),
    Code.OPENING_FUNDS: (
        (Kind.OPENING_BALANCES, Kind.COOP_FUNDS),
        (Kind.COOP_FUNDS, Kind.OPENING_BALANCES),
    ),
    Code.DEPOSIT: ((Kind.BANK, Kind.MEMBER_MONEY),),
    Code.DEPOSIT_RETURNED: ((Kind.MEMBER_MONEY, Kind.BANK),),
    Code.PAYOUT: ((Kind.MEMBER_MONEY, Kind.BANK),),
    Code.PAYOUT_RETURNED: ((Kind.BANK, Kind.MEMBER_MONEY),),
    Code.UNMATCHED_IN: ((Kind.BANK, Kind.SUSPENSE),),
    Code.UNMATCHED_OUT: ((Kind.SUSPENSE, Kind.BANK),),
    Code.SUSPENSE_IDENTIFIED: (
        (Kind.SUSPENSE, Kind.MEMBER_MONEY),
        (Kind.SUSPENSE, Kind.COOP_FUNDS),
    ),
    Code.SUSPENSE_CHARGED: (
        (Kind.MEMBER_MONEY, Kind.SUSPENSE),
        (Kind.COOP_FUNDS, Kind.SUSPENSE),
    ),
    Code.COOP_FUNDS_IN: ((Kind.BANK, Kind.COOP_FUNDS),),
    Code.COOP_FUNDS_OUT: ((Kind.COOP_FUNDS, Kind.BANK),),
    Code.ORDER_RESERVATION: ((Kind.MEMBER_MONEY, Kind.RESERVATIONS),),
    Code.CLEARED_RESERVATION: ((Kind.RESERVATIONS, _CLEARING),),
    Code.SETTLEMENT_DUE: ((Kind.MEMBER_MONEY, _CLEARING),),
    Code.SETTLEMENT_PAID: ((_CLEARING, Kind.MEMBER_MONEY),),
    Code.BALANCING: ((_CLEARING, Kind.BALANCING),),
    Code.GRID_FEES: ((_CLEARING, Kind.GRID_FEES),),
    Code.LEVIES: ((_CLEARING, Kind.LEVIES),),
    Code.COOP_FEE: ((_CLEARING, Kind.COOP_FEE),),
    Code.VAT: ((_CLEARING, Kind.VAT),),
    Code.ROUNDING: ((Kind.ROUNDING, _CLEARING),),
    Code.CONGESTION_RENT: ((_CLEARING, Kind.CONGESTION_RENT),),
    Code.MECHANISM_SURPLUS: ((_CLEARING, Kind.MECHANISM_SURPLUS),),
    Code.CORRECTION_DUE: (
        (Kind.MEMBER_MONEY, _CLEARING),
        *((kind, _CLEARING) for kind in _COLLECTED),
    ),
    Code.CORRECTION_PAID: (
        (_CLEARING, Kind.MEMBER_MONEY),
        *((_CLEARING, kind) for kind in _COLLECTED),
    ),
    Code.COLLECTED_TO_FUNDS: (
        *((kind, Kind.COOP_FUNDS) for kind in _COLLECTED),
        (Kind.COOP_FUNDS, Kind.ROUNDING),
    ),
    Code.COLLECTED_PAID_ON: tuple((kind, Kind.BANK) for kind in _COLLECTED),
    Code.REWARD: ((Kind.EMISSION, Kind.MEMBER_TOKENS),),
    Code.REWARD_TAKEN_BACK: ((Kind.MEMBER_TOKENS, Kind.EMISSION),),
    Code.REWARD_UNALLOCATED: ((Kind.EMISSION, Kind.UNALLOCATED),),
    Code.TREASURY_GRANT: ((Kind.TREASURY, Kind.MEMBER_TOKENS),),
    Code.TREASURY_MINT: ((Kind.EMISSION, Kind.TREASURY),),
    Code.TOKEN_PAYOUT: ((Kind.MEMBER_TOKENS, Kind.ON_CHAIN),),
    Code.CERTIFICATES_ISSUED: ((Kind.ISSUED_CERTIFICATES, Kind.MEMBER_CERTIFICATES),),
    Code.CERTIFICATES_WITHDRAWN: ((Kind.MEMBER_CERTIFICATES, Kind.ISSUED_CERTIFICATES),),
    Code.CERTIFICATES_INTO_POOL: ((Kind.MEMBER_CERTIFICATES, Kind.CERTIFICATE_POOL),),
    Code.CERTIFICATES_FROM_POOL: ((Kind.CERTIFICATE_POOL, Kind.MEMBER_CERTIFICATES),),
    Code.CERTIFICATES_RETIRED: (
        (Kind.MEMBER_CERTIFICATES, Kind.RETIRED_CERTIFICATES),
        (Kind.CERTIFICATE_POOL, Kind.RETIRED_CERTIFICATES),
    ),
    Code.CERTIFICATES_REVIVED: ((Kind.RETIRED_CERTIFICATES, Kind.MEMBER_CERTIFICATES),),
}
"""From which kind of account (debited) to which (credited) each code may move."""

RESERVED_FIRST: Final = frozenset(
    {Code.PAYOUT, Code.ORDER_RESERVATION, Code.TREASURY_GRANT, Code.TOKEN_PAYOUT}
)
"""What limits bind, and so is reserved before it is taken; all else moves at once, always."""

ALLOWED_MOVES: Final = frozenset(
    (code, debited, credited) for code, moves in MOVES.items() for debited, credited in moves
)
"""The same, for one look."""

ABOUT_ANOTHER: Final = frozenset(
    {
        Code.DEPOSIT_RETURNED,
        Code.PAYOUT_RETURNED,
        Code.SUSPENSE_IDENTIFIED,
        Code.SUSPENSE_CHARGED,
    }
)
"""What is about another transfer, which its reference names."""

NAMED_LATER: Final = frozenset(
    {
        Code.OPENING_BANK,
        Code.OPENING_MEMBER,
        Code.OPENING_FUNDS,
        Code.DEPOSIT,
        Code.DEPOSIT_RETURNED,
        Code.PAYOUT,
        Code.PAYOUT_RETURNED,
        Code.UNMATCHED_IN,
        Code.UNMATCHED_OUT,
        Code.SUSPENSE_IDENTIFIED,
        Code.SUSPENSE_CHARGED,
    }
)
"""What a bank or an operator may tell again, return or identify, however late."""
