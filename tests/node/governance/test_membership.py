"""Members come, change keys, lose them, act as operators, and go: all by what the log says."""

from hashlib import sha256
from pathlib import Path

import pytest

from depin_protocol.encoding import from_text
from depin_protocol.joining import JoinRequest
from depin_protocol.keys import public_key
from depin_protocol.log.entries import DecisionEntry, read_entry
from depin_protocol.problems import (
    BadSignatureError,
    ChainEndedError,
    ForkError,
    UnknownKeyError,
)
from depin_protocol.statements.measuring import Readings
from depin_protocol.statements.membership import Leave, OperatorAction, Veto, prove_possession
from depin_protocol.statements.trading import Preference
from settlement_node.coop.coop import Coop
from settlement_node.governance.actions import (
    GiveInvite,
    Reinstate,
    ReplaceKey,
    ReplaceNodeKey,
    SetRoles,
    Suspend,
    WithdrawInvite,
    invite_hash,
)
from settlement_node.governance.announcements import VETO_TIME
from settlement_node.governance.joining import JoinProblem, JoinRefusedError
from settlement_node.governance.member import Role, Standing
from settlement_node.log.checkpoints import verified
from settlement_node.log.entries import Decision, read_decision
from settlement_node.replay.verify import verify
from tests.node.village import DAY, FACTS, SPARE_SEED, Village, request, surroundings, village
from tests.protocol.spoken import COOP, NOON, Home, ident, seed

CODE = b"sixteen bytes .."


async def last_decision(here: Village, back: int = 1) -> Decision:
    """Read the last decision of the log, or one before it."""
    index = here.coop.position.size - back
    entry, body = await here.coop.entry(index), await here.coop.body(index)
    assert entry is not None
    assert body is not None
    read = read_entry(entry)
    assert isinstance(read, DecisionEntry)
    return read_decision(read, body)


async def refused(here: Village, wire: bytes) -> JoinProblem:
    """Return why somebody can't join."""
    with pytest.raises(JoinRefusedError) as error:
        await here.coop.join(wire)
    return error.value.code


async def lost_key(here: Village, home: Home, new: bytes) -> str:
    """Announce another key for a home; return the decision's name."""
    key = public_key(new)
    possession = prove_possession(new, COOP, home.member, key)
    await here.act(ReplaceKey(home.member, key, "software", possession))
    (name,) = here.coop.state.community.announced
    return name


async def test_an_invite_lets_one_home_join_once(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home, other = Home(2), Home(3)
        wire = request(home, CODE, here.clock())
        assert await refused(here, wire) is JoinProblem.INVITE_UNKNOWN
        await here.act(GiveInvite(invite_hash(CODE), here.clock() + DAY, Role.AUDITOR))
        joined = await here.coop.join(wire)
        assert joined.member == home.member
        assert await here.coop.join(wire) == joined
        assert here.coop.roles(home.member) == {Role.MEMBER, Role.AUDITOR}
        assert await refused(here, request(other, CODE, here.clock())) is JoinProblem.INVITE_USED
        await here.say(home.open("trading"))


async def test_an_invite_expires_and_can_be_withdrawn(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        await here.act(GiveInvite(invite_hash(CODE), here.clock() + 1_000, Role.MEMBER))
        other = sha256(CODE).digest()[:16]
        await here.act(GiveInvite(invite_hash(other), here.clock() + DAY, Role.MEMBER))
        await here.act(WithdrawInvite(invite_hash(other)))
        here.clock.now += 1_000
        expired = request(Home(2), CODE, here.clock())
        assert await refused(here, expired) is JoinProblem.INVITE_EXPIRED
        withdrawn = request(Home(2), other, here.clock())
        assert await refused(here, withdrawn) is JoinProblem.INVITE_WITHDRAWN


async def test_a_request_that_is_altered_or_for_elsewhere_is_refused(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        wire = request(Home(2), CODE, here.clock())
        assert await refused(here, wire[:-1] + b" ") is JoinProblem.REQUEST_INVALID
        ahead = request(Home(2), CODE, here.clock() + DAY)
        assert await refused(here, ahead) is JoinProblem.CLOCK_WRONG


async def test_nobody_joins_with_the_pseudonyms_of_another(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        await here.welcome(Home(2))
        await here.act(GiveInvite(invite_hash(CODE), here.clock() + DAY, Role.MEMBER))
        salt = from_text(ident(7000 + 2), 16)
        other = Home(3)
        asked = JoinRequest(
            COOP, CODE, public_key(other.seed), "software", "Haus 3", salt, here.clock()
        )
        wire = asked.signed(other.seed)
        assert await refused(here, wire) is JoinProblem.REQUEST_INVALID
        # And so after a restart, when members come from their rows.
        await here.coop.close()
        here.coop = await Coop.open(here.store, surroundings(here.clock))
        await here.coop.start()
        assert await refused(here, wire) is JoinProblem.REQUEST_INVALID


async def test_the_log_shows_nobody(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        await here.act(Suspend(home.member))
        shown = b"".join([await here.coop.entry(at) or b"" for at in range(here.coop.state.size)])
        for secret in (home.member, "Haus", CODE.hex(), FACTS.name, here.operator.member):
            assert secret.encode() not in shown


async def test_a_key_change_and_what_the_new_key_says_can_come_together(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        change = home.change_key(20, home.heads["metering"])
        await here.say(change, home.say("trading", Preference("street", ())))
        assert here.coop.key_in_force(home.member) == public_key(seed(20))
        home.seed = seed(2)
        late = home.say("trading", Preference("street", ()))
        (answer,) = await here.coop.submit([late.wire])
        assert isinstance(answer, BadSignatureError)


async def test_a_lost_key_is_replaced_after_seven_days(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        await lost_key(here, home, seed(20))
        (told,) = await here.coop.events.since(home.member, 0, 9)
        assert told.kind == "key"
        here.clock.now += VETO_TIME - 1
        await here.coop.tick()
        assert here.coop.key_in_force(home.member) == public_key(seed(2))
        here.clock.now += 1
        await here.coop.tick()
        assert here.coop.key_in_force(home.member) == public_key(seed(20))
        assert (await last_decision(here)).kind == "key_replaced"
        ended = home.heads["trading"]
        (answer,) = await here.coop.submit([home.say("trading", Preference("street", ())).wire])
        assert isinstance(answer, ChainEndedError | BadSignatureError)
        assert here.coop.heads(home.member) == {"metering": [], "trading": []}
        home.seed = seed(20)
        await here.say(home.open("trading", ended))
        await here.say(home.say("trading", Preference("street", ())))


async def test_what_is_overdue_comes_before_what_is_said(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        await lost_key(here, home, seed(20))
        await here.coop.close()
        here.clock.now += VETO_TIME + DAY
        here.coop = await type(here.coop).open(here.store, surroundings(here.clock))
        await here.coop.start()
        assert (await last_decision(here)).kind == "key_replaced"
        (answer,) = await here.coop.submit([home.say("trading", Preference("street", ())).wire])
        assert isinstance(answer, ChainEndedError | BadSignatureError)


async def test_the_old_key_stops_its_replacement(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home, other = Home(2), Home(3)
        await here.welcome(home)
        await here.welcome(other)
        name = await lost_key(here, home, seed(20))
        await here.say(other.say("trading", Veto(name)))
        assert (await last_decision(here)).result["code"] == "nothing-to-veto"
        await here.say(home.say("trading", Veto(name)))
        assert (await last_decision(here)).kind == "key_replacement_vetoed"
        here.clock.now += VETO_TIME + DAY
        await here.coop.tick()
        assert here.coop.key_in_force(home.member) == public_key(seed(2))


async def test_who_can_change_the_key_has_not_lost_it(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        await lost_key(here, home, seed(20))
        await here.say(home.change_key(21, None))
        assert not here.coop.state.community.announced
        assert here.coop.key_in_force(home.member) == public_key(seed(21))


@pytest.mark.parametrize("use", ["log", "receipts"])
async def test_the_nodes_keys_are_replaced_in_the_same_way(tmp_path: Path, use: str) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        key = public_key(SPARE_SEED)
        await here.act(ReplaceNodeKey(use, key, prove_possession(SPARE_SEED, COOP, COOP, key)))
        assert (await here.coop.events.since(home.member, 0, 9))[-1].data["use"] == use
        await here.coop.close()
        here.clock.now += VETO_TIME
        here.coop = await type(here.coop).open(here.store, surroundings(here.clock, SPARE_SEED))
        await here.coop.start()
        facts = here.coop.facts
        assert key == (facts.log_key if use == "log" else facts.receipt_key)
        (receipt,) = await here.say(home.say("trading", Preference("street", ())))
        receipt.verify(facts.receipt_key)
        await here.coop.close()
        note = await here.coop.shelf.fetch("checkpoint")
        assert note is not None
        assert verified(note.content, facts.log_verifier()).tree.size == here.coop.position.size
        await verify(here.store)


async def test_a_suspended_member_is_heard_without_effect_until_reinstated(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        await here.act(Suspend(home.member))
        await here.say(home.say("trading", Preference("street", ())))
        assert (await last_decision(here)).result["code"] == "not-active"
        await here.act(Reinstate(home.member))
        size = here.coop.position.size
        await here.say(home.say("trading", Preference("street", ())))
        assert here.coop.position.size == size + 1


async def test_who_has_left_is_heard_without_effect(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        await here.say(home.say("trading", Leave()))
        assert (await last_decision(here)).kind == "left"
        assert here.coop.key_in_force(home.member) is not None
        assert not here.coop.roles(home.member)
        await here.say(home.say("trading", Preference("street", ())))
        assert (await last_decision(here)).result["code"] == "not-active"
        stranger = Home(3)
        (answer,) = await here.coop.submit([stranger.open("trading").wire])
        assert isinstance(answer, UnknownKeyError)


async def test_only_operators_act_and_one_always_remains(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        operator = here.operator.member
        suspension = OperatorAction("suspend", {"member": operator}, "no")
        await here.say(home.say("trading", suspension))
        assert (await last_decision(here)).result["code"] == "not-operator"
        for action in (Suspend(operator), SetRoles(operator, (Role.MEMBER,))):
            await here.act(action)
            assert (await last_decision(here)).result["code"] == "last-operator"
        await here.say(here.operator.say("trading", Leave()))
        assert (await last_decision(here)).result["code"] == "last-operator"
        await here.act(SetRoles(home.member, (Role.MEMBER, Role.OPERATOR)))
        await here.act(SetRoles(operator, (Role.MEMBER,)))
        assert here.coop.roles(operator) == {Role.MEMBER}
        await here.say(home.say("trading", suspension))
        member = here.coop.state.find(operator)
        assert member is not None
        assert member.standing is Standing.SUSPENDED


@pytest.mark.parametrize(
    ("action", "parameters", "code"),
    [
        ("dance", {}, "action-unknown"),
        ("suspend", {}, "parameters-invalid"),
        ("suspend", {"member": "A" * 22, "why": "so"}, "parameters-invalid"),
        ("suspend", {"member": "A" * 22}, "no-such-member"),
        ("reinstate", {"member": Home(1).member}, "nothing-to-do"),
        ("set_roles", {"member": "A" * 22, "roles": ["king"]}, "parameters-invalid"),
        ("withdraw_invite", {"code": "A" * 43}, "no-such-invite"),
        ("invite", {"code": "A" * 43, "expires": 1, "role": "member"}, "parameters-invalid"),
        (
            "replace_key",
            {
                "member": Home(1).member,
                "key": "A" * 43,
                "tier": "software",
                "possession": "A" * 86,
            },
            "key-unproven",
        ),
    ],
)
async def test_an_action_out_of_bounds_does_nothing_and_says_why(
    tmp_path: Path, action: str, parameters: dict[str, object], code: str
) -> None:
    async with village(tmp_path) as here:
        body = OperatorAction(action, parameters, "")
        await here.say(here.operator.say("trading", body))
        assert (await last_decision(here)).result["code"] == code


async def test_a_head_that_the_change_names_may_come_later(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        waiting = home.say("metering", Readings(ident(7), (NOON,), {"import": (1,)}))
        await here.say(home.change_key(20, waiting.head))
        await here.say(waiting)
        live = here.coop.heads(home.member)["metering"]
        assert live == [waiting.head]


async def test_a_key_that_was_lost_and_replaced_holds_nothing(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        thief = Home(2)
        thief.heads = dict(home.heads)
        await here.say(home.say("trading", Preference("street", ())))
        await lost_key(here, home, seed(20))
        here.clock.now += VETO_TIME
        await here.coop.tick()
        forged = thief.say("trading", Preference("street", (home.member,)))
        later = thief.say("trading", Preference("street", ()))
        refusals = await here.coop.submit([forged.wire, later.wire])
        assert [type(one) for one in refusals] == [ForkError, ChainEndedError]
        member = here.coop.state.find(home.member)
        assert member is not None
        assert not member.orders_held
