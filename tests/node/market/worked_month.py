"""A month that a treasurer can follow: three quarters of an hour of two homes, at round prices.

Prices in EUR per kWh: retail 0.30, feed-in 0.08, cleared 0.20, pool 0.15. VAT is 20 %.
"""

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from depin_protocol.settlement.charges import Charges, Fees, Taxed, Vat
from depin_protocol.settlement.interval import Member, Settlement, Terms, ZonePrices, settle
from depin_protocol.settlement.pool import Key, PoolRule
from depin_protocol.settlement.trades import References
from settlement_node.ledger.assets import Denomination
from settlement_node.ledger.creditor_reference import creditor_reference
from settlement_node.market.billing.corrections import Roof, SettledInterval
from settlement_node.market.billing.issuing import AccountMonth, Issue
from settlement_node.market.billing.months import Month
from settlement_node.market.billing.numbers import StatementNumber
from settlement_node.market.billing.parties import Holder, Issuer

CENT = 10**7
EUR = Denomination("EUR", 9)
SUN = Denomination("SUN", 9)
VIENNA = ZoneInfo("Europe/Vienna")
OCTOBER = Month.of(2026, 10, VIENNA)
NOVEMBER = Month.of(2026, 11, VIENNA)
QUARTER = 15 * 60 * 1000
NANO_PER_WH = 10**6
"""1 EUR per kWh in nano-euros per watt-hour."""

COOP = Issuer("Sonnenhang eG", ("Hauptstraße 1", "4020 Linz"), "ATU12345678")
ADA = Holder(
    "q2vXGl0MEIsTgNWjdJ8k9g",
    "Ada Łukasiewicz",
    creditor_reference("ABCDEFGHJKLMNP"),
    ("Am Hang 2",),
)
BOB = Holder("A" * 22, "Bob Müller", creditor_reference("BCDEFGHJKLMNPQ"), ("Am Hang 3",))


def price(cents_per_kwh: int) -> int:
    return cents_per_kwh * NANO_PER_WH // 100


VAT = Vat(20, 100, Taxed.EVERYTHING)
TERMS = Terms(
    References(retail=price(30), feed_in=price(8)),
    Charges(
        traded=Fees(grid_fee=price(4), levies=price(1)),
        pooled=Fees(grid_fee=price(3), levies=price(1)),
        vat=VAT,
    ),
    PoolRule(price(15), Key.DYNAMIC),
)
CLEARED = ZonePrices(price(20), price(20))


def settled(seller: Member, buyer: Member) -> Settlement:
    """Settle an interval of Ada, who sells, and Bob, who buys."""
    return settle(TERMS, [CLEARED], [seller, buyer])


SELLER = Member(retail=price(30), feed_in=price(8), exported=1500, sold=1000, produced=1500)
BUYER = Member(retail=price(30), feed_in=price(8), imported=1200, bought=1000)
INTERVALS = (
    # Ada delivers the 1,000 Wh sold; of 500 Wh more the pool takes the 200 that Bob needs.
    settled(SELLER, BUYER),
    # Ada delivers 900 of 1,000 Wh sold, and all of them have a certificate.
    settled(replace(SELLER, exported=900, produced=900), BUYER),
    # Bob uses 950 of 1,000 Wh bought.
    settled(replace(SELLER, exported=1000, produced=1000), replace(BUYER, imported=950)),
)


def month_of(row: int, seller_rate: int = 0) -> tuple[SettledInterval, ...]:
    """Gather one member's intervals: 0 is Ada, 1 is Bob."""
    return tuple(
        SettledInterval(
            OCTOBER.begins + number * QUARTER,
            settlement.members[row],
            VAT,
            seller_rate,
            tuple(Roof("Am Hang 2", each.wh) for each in settlement.certificates.roofs.of(row)),
        )
        for number, settlement in enumerate(INTERVALS)
    )


def issue_of(member: Holder, serial: int, issued: date = date(2026, 11, 3)) -> Issue:
    return Issue(StatementNumber(issued.year, serial), issued, COOP, member, EUR, SUN)


def books(opening: int, intervals: tuple[SettledInterval, ...], moved: int = 0) -> AccountMonth:
    """Let the ledger hold what settlement and movements come to."""
    earned = sum(each.lines.receives - each.lines.pays for each in intervals)
    return AccountMonth(OCTOBER, opening, opening + earned + moved, intervals)
