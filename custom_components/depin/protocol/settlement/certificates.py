"""Energy certificates: issued where energy is produced, retired where it is consumed."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..bounds import MAX_AMOUNT
from ..shares import proportional
from .attribution import Roofs, UnbalancedDeliveryError, attribute
from .limits import require_energy, require_within


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
class Certificates:
    """An interval's certificates, and whose energy each member consumed."""

    lines: tuple[CertificateLine, ...]
    roofs: Roofs


def pass_certificates(holdings: Sequence[Holding]) -> Certificates:
    """Issue, pass on and retire the members' certificates, given in tie order."""
    given = sum(home.given for home in holdings)
    if given != sum(home.received for home in holdings):
        msg = f"{given} Wh given is not what was received: pass on one whole interval"
        raise UnbalancedDeliveryError(msg)
    passed = [min(home.given, home.held + home.produced) for home in holdings]
    received = proportional([home.received for home in holdings], sum(passed))
    lines = tuple(
        _line(home, out, into) for home, out, into in zip(holdings, passed, received, strict=True)
    )
    return Certificates(lines, attribute(passed, received, [home.prefers for home in holdings]))


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
