"""What came of a simulation, as lines to read."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

from settlement_node.simulation.results import Bill, Results

_NANO: Final = 10**9
_CENTS_A_KWH: Final = 10**4
"""A cent a kWh, in billionths of the currency for a Wh."""

_LABEL: Final = 29


def lines_of(results: Results, currency: str) -> Iterator[str]:
    """Write one figure a line."""
    for label, text in _figures(results, currency):
        yield f"{label:<{_LABEL}}{text}"


def _figures(results: Results, currency: str) -> Iterator[tuple[str, str]]:
    energy = results.balance
    yield "consumed", _kwh(energy.consumed)
    yield "produced", _kwh(energy.produced)
    yield (
        "shared with neighbours",
        (f"{_kwh(energy.shared)}: {_kwh(energy.traded)} traded, {_kwh(energy.pooled)} pooled"),
    )
    alone, together = energy.sufficiency(0), energy.sufficiency(energy.shared)
    yield "self-sufficiency", f"{alone:.1%} each alone, {together:.1%} together"
    yield "prices", _prices(results)
    truthful = [bill for bill in results.bills if bill.is_truthful]
    others = [bill for bill in results.bills if not bill.is_truthful]
    yield "gain of a home", _gains(results.bills, currency)
    if truthful and others:
        yield "  of the truthful", _gains(truthful, currency)
        yield "  of the others", _gains(others, currency)
    yield "homes that lose", f"{_losers(results.bills)}, of the truthful {_losers(truthful)}"
    welfare = results.welfare
    reached = _money(welfare.reached, currency)
    if welfare.most is None:
        yield "welfare", f"{reached}; for the optimum, install settlement-node[simulate]"
    else:
        part = f" ({welfare.reached / welfare.most:.1%})" if welfare.most else ""
        yield "welfare", f"{reached} of {_money(welfare.most, currency)} at most{part}"
    for name, amount in results.accounts.items():
        yield f"  {name}", _money(amount, currency)
    for asset, total in results.sums.items():
        yield f"all accounts, {asset}", f"{total}"
    yield "the books", "; ".join(results.objections) or "sound: every sum is zero, no limit passed"
    yield "log", f"{results.entries:,} entries, root {results.root}"


def _losers(bills: Sequence[Bill]) -> str:
    return f"{sum(bill.gain < 0 for bill in bills)} of {len(bills)}"


def _prices(results: Results) -> str:
    if not results.prices:
        return "none: nothing was traded"
    lowest, middle, highest = min(results.prices), median(results.prices), max(results.prices)
    cents = " / ".join(f"{price / _CENTS_A_KWH:.2f}" for price in (lowest, middle, highest))
    of_all = f"{len(results.prices):,} of {results.intervals:,} intervals"
    return f"{cents} hundredths a kWh (least, median, most), in {of_all}"


def _gains(bills: Sequence[Bill], currency: str) -> str:
    gains = [bill.gain for bill in bills]
    told = " / ".join(f"{gain / _NANO:.2f}" for gain in (min(gains), median(gains), max(gains)))
    return f"{told} {currency} (least, median, most)"


def _kwh(wh: int) -> str:
    return f"{wh / 1000:,.1f} kWh"


def _money(amount: int, currency: str) -> str:
    return f"{amount / _NANO:,.2f} {currency}"
