"""Chains: whatever is dropped, swapped, altered or said twice is told apart."""

import re
from hashlib import sha512

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import (
    crypto_core_ed25519_add,
    crypto_core_ed25519_scalar_add,
    crypto_core_ed25519_scalar_mul,
    crypto_core_ed25519_scalar_reduce,
    crypto_scalarmult_ed25519_base_noclamp,
)

from depin_protocol.keys import public_key, sign, verify
from depin_protocol.problems import (
    BadSignatureError,
    ChainEndedError,
    ForkError,
    GapError,
    MalformedError,
    ProblemCode,
    TooManyChainsError,
    UnknownKeyError,
    WrongCoopError,
    problem_document,
)
from depin_protocol.statements.bodies import Stream
from depin_protocol.statements.chains import KNOWN, MAX_LIVE, Entry
from depin_protocol.statements.envelope import Statement, read_statement
from depin_protocol.statements.heads import Head
from depin_protocol.statements.history import Handover, KeyHistory
from depin_protocol.statements.measuring import Readings
from depin_protocol.statements.membership import KeyChange, Leave, possession_message
from depin_protocol.statements.money import Payout
from depin_protocol.statements.record import CoopRecord
from tests.protocol.spoken import COOP, Home, digest, ident, seed


def coop_of(home: Home) -> CoopRecord:
    """Make a co-op whose one member is this home."""
    coop = CoopRecord(COOP)
    coop.join(home.member, public_key(seed(home.number)))
    return coop


def hear(coop: CoopRecord, *statements: Statement) -> None:
    """Let statements enter, each new."""
    for statement in statements:
        assert coop.hear(statement.wire)[1] != KNOWN


def ends(coop: CoopRecord, statement: Statement) -> frozenset[tuple[Stream, str]]:
    """Let a statement enter and say which chains it ended."""
    entry = coop.hear(statement.wire)[1]
    assert isinstance(entry, Entry)
    return entry.ends


def chain_of(home: Home, length: int) -> list[Statement]:
    """Say a chain of payouts."""
    return [home.open("trading"), *(home.say("trading", Payout(n)) for n in range(1, length))]


def reading(at: int) -> Readings:
    """Make a reading."""
    return Readings(ident(7), (at,), {"import": (at,)})


@given(length=st.integers(1, 12), data=st.data())
def test_a_chain_is_heard_in_order_and_only_so(length: int, data: st.DataObject) -> None:
    """A statement that is skipped is wanted; the same bytes twice are known."""
    home = Home()
    chain = chain_of(home, length)
    coop = coop_of(home)
    expected = 0
    for at in data.draw(st.lists(st.integers(0, length - 1), max_size=30)):
        if at < expected:
            assert coop.hear(chain[at].wire)[1] == KNOWN
        elif at == expected:
            entry = coop.hear(chain[at].wire)[1]
            assert entry == Entry(chain[at].head)
            expected += 1
        else:
            with pytest.raises(GapError) as caught:
                coop.hear(chain[at].wire)
            assert (caught.value.chain, caught.value.seq) == (chain[0].header.chain, expected + 1)


@given(length=st.integers(2, 10), data=st.data())
def test_a_chain_with_one_dropped_is_refused_from_there(length: int, data: st.DataObject) -> None:
    """All after the one that is missing wait for it."""
    home = Home()
    chain = chain_of(home, length)
    coop = coop_of(home)
    dropped = data.draw(st.integers(0, length - 2))
    hear(coop, *chain[:dropped])
    for statement in chain[dropped + 1 :]:
        with pytest.raises(GapError):
            coop.hear(statement.wire)
    hear(coop, *chain[dropped:])


@given(length=st.integers(3, 10), data=st.data())
def test_a_chain_with_two_swapped_is_refused(length: int, data: st.DataObject) -> None:
    """The later of the two comes too early."""
    home = Home()
    chain = chain_of(home, length)
    first, second = sorted(data.draw(st.sets(st.integers(0, length - 1), min_size=2, max_size=2)))
    chain[first], chain[second] = chain[second], chain[first]
    coop = coop_of(home)
    hear(coop, *chain[:first])
    with pytest.raises(GapError):
        coop.hear(chain[first].wire)


@given(length=st.integers(1, 6), data=st.data())
def test_a_chain_with_one_altered_is_refused(length: int, data: st.DataObject) -> None:
    """Altered bytes are no statement, or nobody signed them."""
    home = Home()
    chain = chain_of(home, length)
    at = data.draw(st.integers(0, length - 1))
    coop = coop_of(home)
    hear(coop, *chain[:at])
    altered = bytearray(chain[at].wire)
    bit = data.draw(st.integers(0, 8 * len(altered) - 1))
    altered[bit // 8] ^= 1 << bit % 8
    with pytest.raises((MalformedError, BadSignatureError, WrongCoopError, UnknownKeyError)):
        coop.hear(bytes(altered))
    hear(coop, *chain[at:])


@given(length=st.integers(1, 8), data=st.data())
def test_other_bytes_at_a_used_number_are_a_fork(length: int, data: st.DataObject) -> None:
    """Two homes with one key and one past contradict each other, wherever they part."""
    home, twin = Home(), Home()
    chain = chain_of(home, length)
    parted = data.draw(st.integers(1, length))
    theirs = [*chain_of(twin, parted), twin.say("trading", Leave())]
    assert theirs[:parted] == chain[:parted]
    coop = coop_of(home)
    hear(coop, *chain)
    if parted < length:
        with pytest.raises(ForkError):
            coop.hear(theirs[parted].wire)
    else:
        hear(coop, theirs[parted])


def test_a_statement_that_follows_another_past_is_a_fork() -> None:
    """The number is free, and the hash before it is not ours."""
    home, twin = Home(), Home()
    hear(coop := coop_of(home), home.open("trading"), home.say("trading", Payout(1)))
    twin.open("trading")
    twin.say("trading", Payout(2))
    with pytest.raises(ForkError):
        coop.hear(twin.say("trading", Payout(3)).wire)


def test_the_same_words_signed_anew_are_a_fork() -> None:
    """The hash covers the signature, so evidence is the very bytes."""
    home = Home()
    hear(coop := coop_of(home), opening := home.open("trading"))
    with pytest.raises(BadSignatureError):
        coop.hear(bytes(64) + opening.wire[64:])


def test_strangers_and_other_coops_are_refused() -> None:
    """Who isn't a member here says nothing here."""
    home = Home()
    opening = home.open("trading")
    with pytest.raises(UnknownKeyError):
        CoopRecord(COOP).hear(opening.wire)
    with pytest.raises(WrongCoopError):
        CoopRecord(ident(99)).hear(opening.wire)
    other = Home(2)
    coop = coop_of(home)
    coop.join(other.member, public_key(seed(3)))
    with pytest.raises(BadSignatureError):
        coop.hear(other.open("trading").wire)


def test_streams_do_not_wait_for_each_other() -> None:
    """An order goes in while weeks of readings are catching up."""
    home = Home()
    metering = [home.open("metering"), home.say("metering", reading(1))]
    trading = [home.open("trading"), home.say("trading", Payout(1))]
    hear(coop_of(home), *trading, *metering)


def test_a_restored_home_opens_a_chain_after_the_head_that_it_knows() -> None:
    """The old chain ends where the node has it; what went on there was another home."""
    home = Home()
    chain = chain_of(home, 5)
    coop = coop_of(home)
    hear(coop, *chain)
    goes_on = home.say("trading", Leave())
    home.heads["trading"] = chain[2].head
    opening = home.open("trading", chain[2].head)
    assert ends(coop, opening) == {("trading", chain[0].header.chain)}
    hear(coop, home.say("trading", Payout(9)))
    assert coop.hear(chain[4].wire)[1] == KNOWN
    with pytest.raises(ChainEndedError):
        coop.hear(goes_on.wire)


def test_an_opening_waits_for_what_it_names() -> None:
    """The old outbox comes first."""
    home = Home()
    chain = chain_of(home, 3)
    opening = home.open("trading", chain[2].head)
    coop = coop_of(home)
    with pytest.raises(GapError) as caught:
        coop.hear(opening.wire)
    assert caught.value.seq == 1
    hear(coop, *chain[:2])
    with pytest.raises(GapError) as caught:
        coop.hear(opening.wire)
    assert (caught.value.chain, caught.value.seq) == (chain[0].header.chain, 3)
    hear(coop, chain[2], opening)


def test_an_opening_that_says_nothing_sound_is_malformed() -> None:
    """What follows in a chain would rest on it; nor can it wait for itself."""
    home = Home()
    wire = home.open("trading").wire
    chain = home.heads["trading"].chain
    own = b'{"after":[{"chain":"%b","seq":1,"hash":"%b"}]}' % (chain.encode(), digest(1).encode())
    for body in (b"{}", b'{"after":[],"more":1}', own):
        text = wire[64:].replace(b'{"after":[]}', body)
        with pytest.raises(MalformedError, match=r"body\."):
            read_statement(sign(seed(1), b"depin statement v1\x00" + text) + text)


def test_an_opening_that_names_another_past_is_a_fork() -> None:
    """What it names isn't what stands there."""
    home = Home()
    chain = chain_of(home, 2)
    hear(coop := coop_of(home), *chain)
    with pytest.raises(ForkError):
        coop.hear(home.open("trading", chain[1].head._replace(hash=digest(1))).wire)


def test_two_live_chains_go_on_until_an_opening_names_both() -> None:
    """Nobody is punished; the owner decides by opening one chain after both."""
    home = Home()
    hear(coop := coop_of(home), first := home.open("trading"), second := home.open("trading"))
    home.heads["trading"] = first.head
    hear(coop, after_first := home.say("trading", Payout(1)))
    home.heads["trading"] = second.head
    hear(coop, after_second := home.say("trading", Payout(2)))
    opening = home.open("trading", after_first.head, after_second.head)
    assert ends(coop, opening) == {("trading", s.header.chain) for s in (first, second)}
    hear(coop, home.say("trading", Leave()))


def test_live_chains_are_no_more_than_an_opening_can_name() -> None:
    """A clone that opens chain after chain is stopped; naming those that ended frees no place."""
    home = Home()
    coop = coop_of(home)
    openings = [home.open("trading") for _ in range(MAX_LIVE)]
    hear(coop, *openings)
    successor = home.open("trading", openings[0].head)
    assert ends(coop, successor) == {("trading", openings[0].header.chain)}
    for beside in (home.open("trading"), home.open("trading", openings[0].head)):
        with pytest.raises(TooManyChainsError) as caught:
            coop.hear(beside.wire)
        live = sorted(opening.header.chain for opening in [*openings[1:], successor])
        assert caught.value.extensions() == {"live": live}
    hear(coop, home.open("trading", successor.head, *(opening.head for opening in openings[1:])))


def changed() -> tuple[Home, CoopRecord, list[Statement], Statement]:
    """Make a home that changes its key while two of three readings are still on their way."""
    home = Home()
    coop = coop_of(home)
    metering = [home.open("metering"), *(home.say("metering", reading(n)) for n in (1, 2))]
    hear(coop, home.open("trading"), metering[0])
    return home, coop, metering, home.change_key(2, metering[-1].head)


def test_after_a_key_change_only_the_new_key_counts() -> None:
    """In trading from the next statement on."""
    home, coop, _, change = changed()
    hear(coop, change)
    thief = Home()
    thief.heads["trading"] = change.head
    with pytest.raises(BadSignatureError):
        coop.hear(thief.say("trading", Payout(1)).wire)
    hear(coop, home.say("trading", Payout(2)))


def test_readings_up_to_the_named_head_are_under_the_old_key_whenever_they_come() -> None:
    """Catching up goes on after the change; past the named head it is the new key's."""
    home, coop, metering, change = changed()
    hear(coop, change, *metering[1:])
    thief = Home()
    thief.heads["metering"] = metering[-1].head
    with pytest.raises(BadSignatureError):
        coop.hear(thief.say("metering", reading(3)).wire)
    hear(coop, home.say("metering", reading(3)))


def test_the_chain_that_a_change_names_has_been_opened() -> None:
    """Its opening is wanted first; what else of it is on its way may come later."""
    home = Home()
    coop = coop_of(home)
    metering = [home.open("metering"), home.say("metering", reading(1))]
    hear(coop, home.open("trading"))
    change = home.change_key(2, metering[1].head)
    with pytest.raises(GapError) as caught:
        coop.hear(change.wire)
    assert (caught.value.chain, caught.value.seq) == (metering[0].header.chain, 1)
    hear(coop, metering[0], change, metering[1])
    hear(coop, home.say("metering", reading(2)))


def test_a_key_change_ends_what_a_clone_says_in_metering_at_once() -> None:
    """Though the readings up to the named head are still on their way."""
    home, clone = Home(), Home()
    clone._opened = 50  # noqa: SLF001 - another chain
    metering = [home.open("metering"), home.say("metering", reading(1))]
    hear(coop := coop_of(home), home.open("trading"), metering[0], cloned := clone.open("metering"))
    change = home.change_key(2, metering[1].head)
    assert ends(coop, change) == {("metering", cloned.header.chain)}
    with pytest.raises(ChainEndedError) as caught:
        coop.hear(clone.say("metering", reading(9)).wire)
    assert caught.value.extensions() == {"held": cloned.head.to_json()}
    hear(coop, metering[1], home.say("metering", reading(2)))


def test_a_chain_that_goes_further_than_was_named_ends_with_the_change() -> None:
    """Somebody else went on with it; the new key opens another."""
    home, clone = Home(), Home()
    shared = [home.open("metering"), home.say("metering", reading(1))]
    hear(coop := coop_of(home), home.open("trading"), *shared)
    clone.heads["metering"] = shared[1].head
    hear(coop, further := clone.say("metering", reading(8)))
    assert ends(coop, home.change_key(2, shared[1].head)) == {("metering", further.header.chain)}
    hear(coop, home.open("metering", further.head))


def test_what_the_old_key_forges_before_the_named_head_blocks_nobody() -> None:
    """Other bytes at the named place are a fork, and an opening with the new key ends the chain."""
    home, coop, metering, change = changed()
    thief = Home()
    thief.heads["metering"] = metering[0].head
    hear(coop, change, forged := thief.say("metering", reading(7)))
    with pytest.raises(ForkError) as caught:
        coop.hear(thief.say("metering", reading(8)).wire)
    assert caught.value.extensions() == {"held": metering[2].head.to_json()}
    with pytest.raises(ForkError) as caught:
        coop.hear(metering[1].wire)
    assert caught.value.extensions() == {"held": forged.head.to_json()}
    opening = home.open("metering", forged.head)
    assert ends(coop, opening) == {("metering", forged.header.chain)}
    hear(coop, home.say("metering", reading(2)))


def test_a_chain_opened_after_the_change_is_nobody_else_s_to_end() -> None:
    """Late readings of the old key reach their head, and the new chain goes on."""
    home, coop, metering, change = changed()
    hear(coop, change, home.open("metering"))
    hear(coop, *metering[1:])
    hear(coop, home.say("metering", reading(5)))


def test_a_change_to_a_key_of_the_past_changes_nothing() -> None:
    """A stolen key doesn't come back."""
    home = Home()
    hear(coop := coop_of(home), home.open("trading"), home.change_key(2, None))
    back = home.change_key(1, None)
    entry = coop.hear(back.wire)[1]
    assert isinstance(entry, Entry)
    assert entry.lacks is not None
    assert entry.lacks.code is ProblemCode.KEY_UNFIT
    assert not entry.ends
    home.seed = seed(2)
    hear(coop, home.say("trading", Payout(1)))


def test_a_change_at_the_very_head_leaves_its_chain_to_the_new_key() -> None:
    """The commonest change: everything said is held."""
    home = Home()
    coop = coop_of(home)
    hear(
        coop, home.open("trading"), home.open("metering"), last := home.say("metering", reading(1))
    )
    assert ends(coop, home.change_key(2, last.head)) == frozenset()
    hear(coop, home.say("metering", reading(2)))


@pytest.mark.parametrize("further", [4, 6])
def test_a_later_change_may_name_an_earlier_place(further: int) -> None:
    """A home that lost what was yet to come hands over where the node stands, and goes on."""
    home = Home()
    coop = coop_of(home)
    metering = [home.open("metering"), home.say("metering", reading(1))]
    hear(coop, home.open("trading"), *metering)
    lost = [home.say("metering", reading(number)) for number in range(2, further)]
    hear(coop, home.change_key(2, lost[0].head), home.change_key(3, lost[-1].head))
    home.heads["metering"] = metering[1].head
    hear(coop, home.change_key(4, metering[1].head))
    for thief in (Home(), Home()):
        thief.heads["metering"] = metering[1].head
        with pytest.raises(BadSignatureError):
            coop.hear(thief.say("metering", reading(9)).wire)
    with pytest.raises(BadSignatureError):
        coop.hear(lost[0].wire)
    hear(coop, *(home.say("metering", reading(number)) for number in range(10, 14)))


def test_what_is_held_is_known_though_a_change_named_an_earlier_place() -> None:
    """Whoever missed the receipt gets it, whatever key counts there now."""
    home = Home()
    coop = coop_of(home)
    metering = [home.open("metering"), *(home.say("metering", reading(n)) for n in (1, 2))]
    hear(coop, home.open("trading"), *metering, home.change_key(2, metering[1].head))
    assert [coop.hear(statement.wire)[1] for statement in metering] == [KNOWN] * 3


def test_a_lost_key_is_replaced_by_a_new_and_sound_one_only() -> None:
    """A decision can't enrol what a member couldn't."""
    home = Home()
    coop = coop_of(home)
    record = coop.find(home.member)
    assert record is not None
    for key in (bytes(32), public_key(seed(1))):
        with pytest.raises(ValueError, match="new Ed25519 key"):
            record.replace_key(key)


def test_a_lost_key_is_replaced_by_a_decision() -> None:
    """All that the old key opened ends where it stands; the new key opens anew."""
    home = Home()
    coop = coop_of(home)
    hear(coop, trading := home.open("trading"), home.open("metering"))
    record = coop.find(home.member)
    assert record is not None
    record.replace_key(public_key(seed(2)))
    with pytest.raises(ChainEndedError):
        coop.hear(home.say("trading", Payout(1)).wire)
    with pytest.raises(BadSignatureError):
        coop.hear(home.open("metering").wire)
    home.seed = seed(2)
    hear(coop, home.open("trading", trading.head), home.say("trading", Payout(2)))


def test_a_place_knows_its_key_after_any_number_of_changes() -> None:
    """The search is by halves, in each chain alone."""
    history = KeyHistory(b"0")
    for number in range(1, 1000):
        history.hand_over(
            b"%d" % number, Handover(None, Head("trading", 10 * number, digest(number)))
        )
    for seq, index in ((1, 0), (10, 0), (11, 1), (9990, 998), (9991, 999), (10**6, 999)):
        assert history.index_at("trading", "trading", seq, 0) == index
    assert history.index_at("trading", "trading", 5, None) == 999
    assert history.index_at("metering", "trading", 5, 7) == 7
    assert history.last_place("trading", "trading", 20) == Head("trading", 20, digest(2))
    assert history.last_place("trading", "trading", 21) is None


def test_a_key_change_ends_what_a_clone_said_in_trading() -> None:
    """A chain that the old key opened beside this one goes on no more."""
    home, clone = Home(), Home()
    clone._opened = 50  # noqa: SLF001 - another chain
    hear(coop := coop_of(home), home.open("trading"), cloned := clone.open("trading"))
    assert ends(coop, home.change_key(2, None)) == {("trading", cloned.header.chain)}


def test_a_change_without_readings_leaves_no_metering_to_the_old_key() -> None:
    """A home that never measured opens its metering with the new key."""
    home, thief = Home(), Home()
    hear(coop := coop_of(home), home.open("trading"), home.change_key(2, None))
    with pytest.raises(BadSignatureError):
        coop.hear(thief.open("metering").wire)
    hear(coop, home.open("metering"))


def test_a_change_that_contradicts_what_is_held_is_a_fork() -> None:
    """It names a head that isn't what stands there."""
    home, coop, metering, _ = changed()
    hear(coop, *metering[1:])
    home = Home()
    home.heads["trading"] = coop_head(coop, home, "trading")
    wrong = metering[1].head._replace(hash=digest(1))
    with pytest.raises(ForkError):
        coop.hear(home.change_key(2, wrong).wire)


def coop_head(coop: CoopRecord, home: Home, stream: Stream) -> Head:
    """Ask where a home's only chain stands."""
    record = coop.find(home.member)
    assert record is not None
    view = record.streams[stream]
    head = view.head(next(iter(view.live())))
    assert head is not None
    return head


def test_keys_change_again_and_again() -> None:
    """Each key counts for its own stretch of both streams."""
    home = Home()
    coop = coop_of(home)
    hear(coop, home.open("trading"), home.open("metering"))
    later: list[Statement] = []
    for number in range(2, 6):
        later.append(home.say("metering", reading(number)))
        hear(coop, home.change_key(number, home.heads["metering"]))
        hear(coop, home.say("trading", Payout(number)))
    hear(coop, *later)
    hear(coop, home.say("metering", reading(9)))


def test_a_new_key_that_is_not_proven_changes_nothing() -> None:
    """A proof for another member is none; the statement stands, and the old key goes on."""
    home, other = Home(), Home(2)
    hear(coop := coop_of(home), home.open("trading"))
    other.open("trading")
    proof_of_other = other.change_key(3, None).body
    assert proof_of_other is not None
    with pytest.raises(MalformedError, match="possession"):
        home.say("trading", proof_of_other)
    text = re.sub(rb'(?<="possession":").{4}', b"AAAA", home.change_key(4, None).wire[64:])
    statement, _ = coop.hear(sign(seed(1), b"depin statement v1\x00" + text) + text)
    assert statement.lacks is not None
    assert statement.lacks.code is ProblemCode.KEY_UNFIT
    home.seed, home.heads["trading"] = seed(1), statement.head
    hear(coop, home.say("trading", Payout(1)))


def mixed_key(number: int, message: bytes) -> tuple[bytes, bytes]:
    """Make a key with a part of low order, and a signature that holds for it all the same."""
    order_eight = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
    scalar = crypto_core_ed25519_scalar_reduce(sha512(b"%d" % number).digest())
    mixed = crypto_core_ed25519_add(crypto_scalarmult_ed25519_base_noclamp(scalar), order_eight)
    for nonce in range(200):
        secret = crypto_core_ed25519_scalar_reduce(sha512(b"nonce %d" % nonce).digest())
        point = crypto_scalarmult_ed25519_base_noclamp(secret)
        challenge = crypto_core_ed25519_scalar_reduce(sha512(point + mixed + message).digest())
        if challenge[0] % 8 == 0:  # the part of low order vanishes
            product = crypto_core_ed25519_scalar_mul(challenge, scalar)
            return mixed, point + crypto_core_ed25519_scalar_add(secret, product)
    raise AssertionError


def test_a_new_key_with_a_part_of_low_order_is_unfit() -> None:
    """Its possession may be proven; libraries would differ on what it signs."""
    home = Home()
    mixed, _ = mixed_key(1, b"")
    mixed, proof = mixed_key(1, possession_message(COOP, home.member, mixed))
    assert verify(mixed, possession_message(COOP, home.member, mixed), proof)
    assert not KeyChange(mixed, "software", None, proof).is_proven(COOP, home.member)


def test_a_problem_says_what_happened_and_what_to_do() -> None:
    """RFC 9457, with a code for programs and a next step for people."""
    home = Home()
    chain = chain_of(home, 3)
    coop = coop_of(home)
    with pytest.raises(GapError) as caught:
        coop.hear(chain[2].wire)
    assert problem_document(caught.value) == {
        "type": "urn:depin:problem:gap",
        "title": "Statements before it are missing",
        "status": 409,
        "detail": f"number 1 of chain {chain[0].header.chain} is wanted first",
        "code": "gap",
        "action": "Send the chain again from the number that is wanted, then this one.",
        "wanted": {"chain": chain[0].header.chain, "seq": 1},
    }


def test_only_sound_keys_join() -> None:
    """A key of low order, or no key at all, is refused when it is enrolled."""
    for key in (bytes(32), b"\x01" + bytes(31), b"short", b"\xff" * 32):
        with pytest.raises(ValueError, match="enrolled"):
            CoopRecord(COOP).join(ident(1), key)
