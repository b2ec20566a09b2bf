"""What operators can do, by signed statements: each action with its parameters and bounds."""

from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar, Final, Protocol, Self

from depin_protocol.durations import DAY
from depin_protocol.encoding import from_text, to_text
from depin_protocol.identifiers import HASH_LENGTH
from depin_protocol.keys import SIGNATURE_LENGTH, may_enrol, verify
from depin_protocol.statements.fields import HASH, ID, BodyError, Fields
from depin_protocol.statements.membership import TIERS, OperatorAction, possession_message
from settlement_node.governance.member import Role

MAX_INVITE_LIFE: Final = 90 * DAY
"""Longest that an invite may be valid, in milliseconds."""

NODE_KEY_USES: Final = frozenset(("log", "receipts"))

_SIGNATURE_TEXT: Final = 86


def invite_hash(code: bytes) -> bytes:
    """Return the hash under which an invite's code is known; the code itself is kept by nobody."""
    return sha256(b"depin invite code v1\x00" + code).digest()


@dataclass(frozen=True, slots=True)
class GiveInvite:
    """Lets somebody join who has the code."""

    NAME: ClassVar[str] = "invite"

    code: bytes
    expires: int
    role: Role

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        return {"code": to_text(self.code), "expires": self.expires, "role": self.role}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read the code's hash, until when it is valid and what it makes one."""
        code = from_text(fields.text("code", HASH), HASH_LENGTH)
        return cls(code, fields.time("expires"), Role(fields.one_of("role", list(Role))))


@dataclass(frozen=True, slots=True)
class WithdrawInvite:
    """Makes an invite invalid that nobody has used."""

    NAME: ClassVar[str] = "withdraw_invite"

    code: bytes

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        return {"code": to_text(self.code)}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read the code's hash."""
        return cls(from_text(fields.text("code", HASH), HASH_LENGTH))


@dataclass(frozen=True, slots=True)
class _ToMember:
    """What is done to a member without further terms."""

    member: str

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        return {"member": self.member}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read whom."""
        return cls(fields.text("member", ID))


class Suspend(_ToMember):
    """Takes the effect from what a member says."""

    __slots__ = ()
    NAME: ClassVar[str] = "suspend"


class Reinstate(_ToMember):
    """Ends a suspension."""

    __slots__ = ()
    NAME: ClassVar[str] = "reinstate"


@dataclass(frozen=True, slots=True)
class SetRoles:
    """Gives a member exactly these roles."""

    NAME: ClassVar[str] = "set_roles"

    member: str
    roles: tuple[Role, ...]

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        return {"member": self.member, "roles": self.roles}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read whom, and the roles in alphabetical order."""
        member = fields.text("member", ID)
        roles = fields.array("roles", len(Role), _role, least=1)
        if list(roles) != sorted(set(roles)):
            raise BodyError("parameters.roles are not in alphabetical order, each once")
        return cls(member, roles)


@dataclass(frozen=True, slots=True)
class ReplaceKey:
    """Announces another key for a member that has lost its own."""

    NAME: ClassVar[str] = "replace_key"

    member: str
    key: bytes
    tier: str
    possession: bytes

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        return {
            "member": self.member,
            "key": to_text(self.key),
            "tier": self.tier,
            "possession": to_text(self.possession),
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read whose key, and the new one with its proof of possession."""
        member = fields.text("member", ID)
        key = from_text(fields.text("key", HASH), HASH_LENGTH)
        return cls(member, key, fields.one_of("tier", TIERS), _signature(fields, "possession"))

    def is_proven(self, coop: str) -> bool:
        """Tell whether the new key is a sound one, and in the hands of who names it."""
        return _is_proven(self.key, self.possession, coop, self.member)


@dataclass(frozen=True, slots=True)
class ReplaceNodeKey:
    """Announces another key of the node's own, for its log or its receipts."""

    NAME: ClassVar[str] = "replace_node_key"

    use: str
    key: bytes
    possession: bytes

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        return {
            "use": self.use,
            "key": to_text(self.key),
            "possession": to_text(self.possession),
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read what for, and the new key with its proof of possession."""
        use = fields.one_of("use", NODE_KEY_USES)
        key = from_text(fields.text("key", HASH), HASH_LENGTH)
        return cls(use, key, _signature(fields, "possession"))

    def is_proven(self, coop: str) -> bool:
        """Tell whether the new key is there; the co-op stands in a member's place."""
        return _is_proven(self.key, self.possession, coop, coop)


class Action(Protocol):
    """What an operator can do: each room of a co-op brings its own."""

    NAME: ClassVar[str]

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        ...

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read the parameters."""
        ...


type MembershipAction = (
    GiveInvite | WithdrawInvite | Suspend | Reinstate | SetRoles | ReplaceKey | ReplaceNodeKey
)

_KINDS: Final[dict[str, type[MembershipAction]]] = {
    kind.NAME: kind
    for kind in (
        GiveInvite,
        WithdrawInvite,
        Suspend,
        Reinstate,
        SetRoles,
        ReplaceKey,
        ReplaceNodeKey,
    )
}


ACTIONS: Final = frozenset(_KINDS)


def action_body(action: Action, reason: str) -> OperatorAction:
    """Return the body of the statement by which an operator acts."""
    return OperatorAction(action.NAME, action.to_json(), reason)


def knows(name: str) -> bool:
    """Tell whether an action is one of those here."""
    return name in _KINDS


def read_action(body: OperatorAction) -> MembershipAction:
    """Read the parameters, or raise a BodyError or an EncodingError that names the wrong one."""
    fields = Fields(body.parameters, "parameters")
    action = _KINDS[body.action].read(fields)
    fields.finish()
    return action


def _role(value: object, path: str) -> Role:
    return Role(Fields({"role": value}, path).one_of("role", list(Role)))


def _signature(fields: Fields, name: str) -> bytes:
    value = fields.take(name)
    if not isinstance(value, str) or len(value) != _SIGNATURE_TEXT:
        raise BodyError(f"{fields.path(name)} is not a signature")
    return from_text(value, SIGNATURE_LENGTH)


def _is_proven(key: bytes, possession: bytes, coop: str, member: str) -> bool:
    return may_enrol(key) and verify(key, possession_message(coop, member, key), possession)
