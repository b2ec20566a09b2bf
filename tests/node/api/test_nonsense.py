"""Statements from hostile hands, by the thousand: no accident, no growth, nothing let in."""

import os

from hypothesis import given, settings
from hypothesis import strategies as st

from depin_protocol.frames import MEDIA_TYPE, FrameError, pack, unpack
from tests.node.api.conftest import Node
from tests.node.api.neighbour import Neighbour, ask, readings

EXAMPLES = int(os.environ.get("DEPIN_NONSENSE_STATEMENTS", "200"))
"""How many batches; the long hunt wants a million."""


def test_nonsense_never_enters_and_never_harms(unlimited: Node) -> None:
    node = unlimited
    home = node.welcome()
    thief = Neighbour(home.coop, home.seed, dict(home.heads))
    sound = thief.say("metering", readings()).wire
    path = f"/v1/coops/{home.coop}"
    before = ask(node.port, path).json["entries"]

    def bent(at: int, cut: int, byte: int, inserted: bytes) -> bytes:
        wire = sound[:at] + bytes([byte]) + inserted + sound[at + cut :]
        return wire if wire != sound else b""

    bent_wires = st.builds(
        bent,
        st.integers(0, len(sound) - 1),
        st.integers(0, 3),
        st.integers(0, 255),
        st.binary(max_size=3),
    )
    batches = st.lists(bent_wires | st.binary(max_size=600), min_size=1, max_size=20).map(pack)

    @settings(max_examples=EXAMPLES)
    @given(batches | st.binary(max_size=500))
    def send(content: bytes) -> None:
        reply = ask(node.port, "/v1/statements", content, MEDIA_TYPE)
        assert reply.status in {200, 400}, reply.content
        if reply.status == 200:
            assert len(reply.json) == len(unpack(content, 1000))
            assert all("code" in answer for answer in reply.json)

    send()
    assert ask(node.port, path).json["entries"] == before
    assert "statement" in home.tell(node.port, home.say("metering", readings())).json[0]


@given(st.lists(st.binary(max_size=100), max_size=20))
def test_what_is_packed_is_unpacked(wires: list[bytes]) -> None:
    assert unpack(pack(wires), 20) == wires


@given(st.binary(max_size=300))
def test_what_is_unpacked_was_packed(data: bytes) -> None:
    try:
        wires = unpack(data, 300)
    except FrameError:
        return
    assert pack(wires) == data
