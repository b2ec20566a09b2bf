"""A membership as a bug report shows it: statements, receipts, books, checks and trading."""

from typing import Any, Final

from .membership import Membership
from .outbox import Outbox
from .outbox_state import STREAMS
from .protocol.encoding import decode_json
from .protocol.statements.bodies import Stream

_LAST: Final = 5
"""So many statements of a stream are shown with their receipts."""


async def async_diagnose(membership: Membership) -> dict[str, Any]:
    """Return how a membership stands; what names the home is left in."""
    shown: dict[str, Any] = {
        "statements": await membership.attestation.async_ask(_statements),
        "samples_thinned_before": membership.samples.thinned_before,
    }
    if membership.coordinator is not None:
        data, keeping = membership.coordinator.data, membership.coordinator.keeping
        shown["books"] = {
            "link": data.link.value,
            "currency": None if data.purse is None else data.purse.asset,
            "markets": {name: calendar.to_json() for name, calendar in keeping.markets.items()},
            "zones": dict(keeping.zones),
        }
    if membership.verification is not None:
        suspicion = membership.verification.suspicion
        shown["verification"] = {
            "verified": membership.verification.is_verified,
            "log_size": membership.verification.size,
            "intervals": membership.verification.intervals,
            "found": None if suspicion is None else [suspicion.check.value, suspicion.said],
        }
    if membership.trading is not None:
        placed = membership.trading.placed
        shown["trading"] = {
            "choices": membership.trading.choices.to_json(),
            "halted": membership.trading.halted,
            "placed": [
                {"start": start, "side": side, "steps": list(steps)}
                for (start, side), steps in sorted(placed.items())
            ],
            "waiting": len(membership.orders),
        }
    return shown


def _statements(outbox: Outbox) -> dict[str, Any]:
    return {stream: _stream(outbox, stream) for stream in STREAMS}


def _stream(outbox: Outbox, stream: Stream) -> dict[str, Any]:
    return {
        "heads": [head.to_json() for head in outbox.chains(stream).values()],
        "waiting": len(outbox.waiting(stream)),
        "held": stream in outbox.state.held,
        "last": [
            {
                **place.head.to_json(),
                "kind": place.kind,
                "bytes": place.length,
                "receipt": None if (said := outbox.answer(place)) is None else decode_json(said),
            }
            for place in outbox.since(stream, 0)[-_LAST:]
        ],
    }
