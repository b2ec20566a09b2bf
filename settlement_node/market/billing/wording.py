"""The words that a statement of account uses for its lines."""

from typing import Final

from settlement_node.ledger.codes import Code
from settlement_node.market.billing.lines import EnergyKind, MoneyKind
from settlement_node.market.billing.taxes import WHOLE, TaxDirection

ENERGY_WORDS: Final = {
    EnergyKind.IMPORTED: "Taken through the meter",
    EnergyKind.BOUGHT: "Bought from neighbours",
    EnergyKind.BOUGHT_DELIVERED: "of it delivered",
    EnergyKind.UNUSED: "of it not used, and bought back",
    EnergyKind.UNCOVERED: "of it not delivered by sellers",
    EnergyKind.POOL_TAKEN: "Taken from the community pool",
    EnergyKind.FROM_GRID: "From the own supplier",
    EnergyKind.EXPORTED: "Given through the meter",
    EnergyKind.SOLD: "Sold to neighbours",
    EnergyKind.SOLD_DELIVERED: "of it delivered",
    EnergyKind.UNDELIVERED: "of it not delivered",
    EnergyKind.UNPLACED: "of it not used by buyers",
    EnergyKind.POOL_GIVEN: "Given to the community pool",
    EnergyKind.TO_GRID: "To the own supplier",
    EnergyKind.PRODUCED: "Produced and certified",
    EnergyKind.CERTIFIED_IN: "Received with a certificate",
    EnergyKind.UNATTRIBUTED_IN: "Received without a certificate",
    EnergyKind.CERTIFIED_OUT: "Given with a certificate",
    EnergyKind.UNATTRIBUTED_OUT: "Given without a certificate",
}

MONEY_WORDS: Final = {
    MoneyKind.PURCHASE: "Energy bought from neighbours",
    MoneyKind.BUY_BACK: "Bought energy not used, bought back",
    MoneyKind.COVER: "Cover for bought energy not delivered",
    MoneyKind.SALE: "Energy sold to neighbours",
    MoneyKind.SHORTFALL: "Sold energy not delivered",
    MoneyKind.HANDED_BACK: "Sold energy not used by buyers, handed back",
    MoneyKind.POOL_TAKEN: "Energy taken from the community pool",
    MoneyKind.POOL_GIVEN: "Energy given to the community pool",
    MoneyKind.GRID_FEES: "Grid fees",
    MoneyKind.LEVIES: "Levies",
    MoneyKind.COOP_FEE: "The co-op's fee",
    MoneyKind.VAT_CHARGED: "VAT charged",
    MoneyKind.VAT_CREDITED: "VAT credited on what you supplied",
}

MOVEMENT_WORDS: Final = {
    Code.OPENING_MEMBER.name: "Balance before these books",
    Code.DEPOSIT.name: "Paid in",
    Code.DEPOSIT_RETURNED.name: "Payment returned by the bank",
    Code.PAYOUT.name: "Paid out",
    Code.PAYOUT_RETURNED.name: "Payout that did not arrive",
    Code.SUSPENSE_IDENTIFIED.name: "Payment found to be yours",
    Code.SUSPENSE_CHARGED.name: "Withdrawal found to be yours",
}

TAX_WORDS: Final = {
    TaxDirection.CHARGED: "charged by the co-op",
    TaxDirection.CREDITED: "credited to you as a seller",
}

_GROUP: Final = 4

NOT_LIABLE: Final = "No VAT is added to what you supplied: you are not noted as liable to it."
SELF_BILLED: Final = "The co-op writes this credit note for you as the supplier (self-billing)."


def rate_words(rate: int) -> str:
    """Write basis points as a percentage."""
    whole, part = divmod(rate * 100, WHOLE)
    return f"{whole}.{part:04}"[:-2] + " %"


def reference_words(reference: str) -> str:
    """Write a reference to pay with in groups of four, as people type it."""
    return " ".join(reference[begin : begin + _GROUP] for begin in range(0, len(reference), _GROUP))
