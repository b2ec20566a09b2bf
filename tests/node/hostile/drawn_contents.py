"""For schemathesis: contents that JSON Schema cannot describe, from near right to nonsense."""

import schemathesis
from hypothesis import strategies as st

from depin_protocol.frames import MEDIA_TYPE, pack
from tests.protocol.spoken import Home

_WIRES = st.one_of(
    st.binary(max_size=200),
    st.just(Home(1).open("trading").wire),
    st.builds(
        lambda wire, at, byte: wire[:at] + bytes([byte]) + wire[at + 1 :],
        st.just(Home(2).open("metering").wire),
        st.integers(0, 400),
        st.integers(0, 255),
    ),
)

schemathesis.openapi.media_type(MEDIA_TYPE, st.binary() | st.lists(_WIRES, max_size=5).map(pack))
schemathesis.openapi.media_type("application/vnd.depin.join-request", st.binary(max_size=3000))
schemathesis.openapi.media_type("application/octet-stream", st.binary())
