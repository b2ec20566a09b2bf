"""What one entry stands for: this home's place in one co-op."""

from dataclasses import dataclass
from enum import StrEnum

from homeassistant.config_entries import ConfigEntry

from .attestation import HomeKey
from .senses import Senses


class MembershipState(StrEnum):
    """How far the home is on its way into the co-op."""

    INVITED = "invited"


@dataclass(frozen=True, slots=True)
class Membership:
    """This home as one co-op knows it."""

    coop: str
    member: str
    address: str
    state: MembershipState
    key: HomeKey
    senses: Senses


type DepinConfigEntry = ConfigEntry[Membership]
