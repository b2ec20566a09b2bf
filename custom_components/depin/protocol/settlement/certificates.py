"""Energy certificates: issued where energy is produced, retired where it is consumed."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..bounds import MAX_AMOUNT
from ..shares import proportional
from .limits import SettlementError, require_energy, require_within


class UnbalancedDeliveryError(SettlementError):
    """What was given is not what was received."""


class PreferenceError(SettlementError):
    """A member prefers a home that isn't there, itself, or one home twice."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One member's certificates before an interval, and its energy in it.

    `own_use` is energy of its own that the home used: production and discharge less
    export and charge, 0 where that is not metered. `prefers` names homes by position.
    """

    held: int
    produced: int
    own_use: int
    given: int
    received: int
    prefers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse figures out of bounds."""
        require_within("certificates held", self.held, 0, MAX_AMOUNT - 1)
        require_energy("produced", self.produced)
        require_energy("own use", self.own_use)
        require_energy("given", self.given)
        require_energy("received", self.received)


@dataclass(frozen=True, slots=True)
class CertificateLine:
    """One member's certificates in an interval, in watt-hours."""

    issued: int
    passed: int
    given_unattributed: int
    received: int
    received_unattributed: int
    retired_at_home: int
    held: int


@dataclass(frozen=True, slots=True)
class Attribution:
    """Watt-hours of one home that a member preferred, and got."""

    consumer: int
    producer: int
    wh: int


@dataclass(frozen=True, slots=True)
class Certificates:
    """An interval's certificates, and whose energy each member consumed.

    Beside the preferred attributions, member i received `from_pool[i]` of one mix that
    all share: `into_pool[j]` of home j in `sum(into_pool)`.
    """

    lines: tuple[CertificateLine, ...]
    preferred: tuple[Attribution, ...]
    into_pool: tuple[int, ...]
    from_pool: tuple[int, ...]

    def roofs(self, consumer: int) -> list[int]:
        """State the certificates that a member received, by the home that produced them.

        Made when one member asks for its statement: it has a figure for every home.
        """
        wh = proportional(self.into_pool, self.from_pool[consumer])
        for attribution in self.preferred:
            if attribution.consumer == consumer:
                wh[attribution.producer] += attribution.wh
        return wh


def pass_certificates(holdings: Sequence[Holding]) -> Certificates:
    """Issue, pass on and retire the members' certificates, given in tie order."""
    _require_sound(holdings)
    passed = [min(home.given, home.held + home.produced) for home in holdings]
    # Divided before anybody's preference is looked at: a preference changes whose
    # certificates a member receives, never how many, its own or anybody else's.
    received = proportional([home.received for home in holdings], sum(passed))
    lines = tuple(
        _line(home, out, into) for home, out, into in zip(holdings, passed, received, strict=True)
    )
    into_pool, from_pool = passed.copy(), received.copy()
    preferred = _take_preferred(holdings, into_pool, from_pool)
    return Certificates(lines, tuple(preferred), tuple(into_pool), tuple(from_pool))


def _line(home: Holding, passed: int, received: int) -> CertificateLine:
    """Retire what the home used of its own, and keep the rest."""
    kept = home.held + home.produced - passed
    retired_at_home = min(home.own_use, kept)
    return CertificateLine(
        issued=home.produced,
        passed=passed,
        given_unattributed=home.given - passed,
        received=received,
        received_unattributed=home.received - received,
        retired_at_home=retired_at_home,
        held=kept - retired_at_home,
    )


def _take_preferred(
    holdings: Sequence[Holding], into_pool: list[int], from_pool: list[int]
) -> list[Attribution]:
    """Take the preferred watt-hours out of the pool: all first choices, then all second."""
    preferred = []
    choosers = [member for member, home in enumerate(holdings) if home.prefers]
    choice = 0
    while choosers:
        asking: dict[int, list[int]] = {}
        for consumer in choosers:
            asking.setdefault(holdings[consumer].prefers[choice], []).append(consumer)
        for producer in sorted(asking):
            consumers = asking[producer]
            wanted = [from_pool[consumer] for consumer in consumers]
            shares = proportional(wanted, min(into_pool[producer], sum(wanted)))
            for consumer, wh in zip(consumers, shares, strict=True):
                from_pool[consumer] -= wh
                into_pool[producer] -= wh
                if wh:
                    preferred.append(Attribution(consumer, producer, wh))
        choice += 1
        choosers = [member for member in choosers if len(holdings[member].prefers) > choice]
    return preferred


def _require_sound(holdings: Sequence[Holding]) -> None:
    """Refuse deliveries that don't balance, and preferences that name nobody."""
    given = sum(home.given for home in holdings)
    received = sum(home.received for home in holdings)
    if given != received:
        msg = f"{given} Wh given but {received} Wh received: pass on one whole interval"
        raise UnbalancedDeliveryError(msg)
    for member, home in enumerate(holdings):
        named = set(home.prefers)
        if len(named) < len(home.prefers) or member in named:
            msg = f"member {member} must prefer other homes, each once"
            raise PreferenceError(msg)
        if any(not 0 <= other < len(holdings) for other in named):
            msg = f"member {member} prefers a home that is not in this interval: leave it out"
            raise PreferenceError(msg)
