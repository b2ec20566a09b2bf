"""The members of a co-op, their invitations, and the keys that are to be replaced."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from depin_protocol.encoding import from_text
from depin_protocol.joining import JoinRequest
from depin_protocol.statements.history import KeyHistory
from settlement_node.governance.announcements import (
    ANNOUNCED,
    KeyReplacement,
    Replacement,
    announced_row,
    read_announced_row,
)
from settlement_node.governance.facts import FACTS, FACTS_KEY, Facts
from settlement_node.governance.invitation import INVITE, Invitation
from settlement_node.governance.member import MEMBER, Member, Role, Standing
from settlement_node.intake.streams import CHAIN, Place, read_chain_row
from settlement_node.store.port import View
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Change, Delete, Put, Row, Table


class NotFoundedError(Exception):
    """There is no co-op yet."""


class Community:
    """Who belongs to the co-op, as far as the log says; each change returns its rows."""

    def __init__(self) -> None:
        """Begin before entry 0."""
        self._facts: Facts | None = None
        self._members: dict[str, Member] = {}
        self.members: Final[Mapping[str, Member]] = self._members
        """Everybody who ever joined."""
        self._salts: set[bytes] = set()
        self._invitations: dict[bytes, Invitation] = {}
        self._announced: dict[str, Replacement] = {}

    @property
    def facts(self) -> Facts:
        """What the co-op is."""
        if self._facts is None:
            raise NotFoundedError("the co-op is not founded yet: its log has no entry 0")
        return self._facts

    @property
    def founded(self) -> bool:
        """Tell whether there is an entry 0."""
        return self._facts is not None

    @property
    def newest(self) -> str:
        """Who joined last."""
        return next(reversed(self._members))

    @property
    def invitations(self) -> Mapping[bytes, Invitation]:
        """Every invitation, by its code's hash."""
        return self._invitations

    @property
    def announced(self) -> Mapping[str, Replacement]:
        """The replacements that are announced, by the name of their decision."""
        return self._announced

    def has_pseudonym_salt(self, salt: bytes) -> bool:
        """Tell whether somebody stands at a salt's place of the tie order."""
        return salt in self._salts

    def operators(self) -> list[str]:
        """Return who may act as an operator now."""
        return [name for name, one in self._members.items() if one.acts_as(Role.OPERATOR)]

    async def load(self, view: View) -> None:
        """Take the state from its rows."""
        row = await view.get(FACTS, FACTS_KEY)
        if row is None:
            return
        self._facts = Facts.read_row(row)
        async for row in every_row(view, MEMBER):
            self._add(Member.read(row))
        async for row in every_row(view, CHAIN):
            name, stream, chain, held = read_chain_row(row)
            self._members[name].streams[stream].chains[chain] = held
        async for row in every_row(view, INVITE):
            code, data = row
            if isinstance(code, bytes) and isinstance(data, bytes):
                self._invitations[code] = Invitation.read(data)
        async for row in every_row(view, ANNOUNCED):
            decision, replacement = read_announced_row(row)
            self._announced[decision] = replacement

    def recall_ended(self, row: Row) -> None:
        """Have a chain at hand that ended in the log before this, until its rows are stored."""
        name, stream, chain, held = read_chain_row(row)
        self._members[name].streams[stream].remember_chain(chain, held)

    def rows(self) -> Iterator[tuple[Table, Row]]:
        """Give every row of the state as it stands."""
        if self._facts is not None:
            yield FACTS, self._facts.row()
        for member in self._members.values():
            yield MEMBER, member.row()
            for row in member.chain_rows():
                yield CHAIN, row
        for code, invitation in self._invitations.items():
            yield INVITE, (code, invitation.data())
        for decision, replacement in self._announced.items():
            yield ANNOUNCED, announced_row(decision, replacement)

    def found(self, facts: Facts) -> list[Change]:
        """Begin the co-op, or give it other keys."""
        self._facts = facts
        return [Put(FACTS, [facts.row()])]

    def take_in(self, request: JoinRequest, role: Role, index: int) -> list[Change]:
        """Let somebody be a member."""
        roles = frozenset((Role.MEMBER, role))
        self._add(
            Member(
                id=request.member,
                history=KeyHistory(request.key),
                tiers=(request.tier,),
                roles=roles,
                standing=Standing.ACTIVE,
                name=request.name,
                pseudonym_salt=request.pseudonym_salt,
                joined_index=index,
            )
        )
        return [self.member_row(request.member)]

    def member_row(self, member: str) -> Change:
        """Return the change that writes a member as it is now."""
        return Put(MEMBER, [self._members[member].row()])

    def invite(self, code: bytes, invitation: Invitation) -> list[Change]:
        """Give an invitation, or mark one as used."""
        self._invitations[code] = invitation
        return [Put(INVITE, [(code, invitation.data())])]

    def open_invites(self, at: int) -> list[tuple[int, bytes, Role]]:
        """Return until when, with which name and for which role somebody may still join."""
        return sorted(
            (one.expires, code, one.role)
            for code, one in self._invitations.items()
            if one.is_open and at < one.expires
        )

    def withdraw(self, code: bytes) -> list[Change]:
        """Let an invitation be valid no more."""
        return self.invite(code, replace(self._invitations[code], withdrawn=True))

    def set_standing(self, member: str, standing: Standing) -> list[Change]:
        """Suspend, reinstate or let go; who has left needs no other key."""
        self._members[member].standing = standing
        changes = [self.member_row(member)]
        if standing is Standing.LEFT:
            for decision in self.replacements_of(member):
                changes += self.drop(decision)
        return changes

    def hold(self, place: Place) -> list[Change]:
        """Hold a member's orders until it has opened a chain there that names all others."""
        self._members[place.member].held += (place,)
        return [self.member_row(place.member)]

    def set_roles(self, member: str, roles: frozenset[Role], at: int) -> list[Change]:
        """Give a member exactly these roles, from an instant on."""
        self._members[member].set_roles(roles, at)
        return [self.member_row(member)]

    def replacements_of(self, member: str) -> list[str]:
        """Return the decisions that announce another key for a member."""
        return [
            decision
            for decision, replacement in self._announced.items()
            if isinstance(replacement, KeyReplacement) and replacement.member == member
        ]

    def announce(self, decision: str, replacement: Replacement) -> list[Change]:
        """Let a replacement wait for its time."""
        self._announced[decision] = replacement
        return [Put(ANNOUNCED, [announced_row(decision, replacement)])]

    def drop(self, decision: str) -> list[Change]:
        """Take a replacement from those that wait."""
        del self._announced[decision]
        return [Delete(ANNOUNCED, ((from_text(decision, 32),),))]

    def complete(self, decision: str, index: int) -> list[Change]:
        """Let a replacement take effect, by the entry at this index."""
        replacement = self._announced[decision]
        changes = self.drop(decision)
        if isinstance(replacement, KeyReplacement):
            member = self._members[replacement.member]
            return changes + member.replace_key(replacement.key, replacement.tier, index)
        return changes + self.found(self.facts.with_key(replacement.use, replacement.key))

    def next_due(self, at: int) -> str | None:
        """Return the decision that announced what takes effect next, if its time has come."""
        if not self._announced:
            return None
        waiting = [(it.effective, decision) for decision, it in self._announced.items()]
        effective, decision = min(waiting)
        return decision if effective <= at else None

    def _add(self, member: Member) -> None:
        self._members[member.id] = member
        self._salts.add(member.pseudonym_salt)
