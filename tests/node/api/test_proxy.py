"""Behind a proxy: it is believed when it says who asks, and nobody else is."""

from pathlib import Path

import pytest

from settlement_node.api.limits import Limits, Rate
from settlement_node.api.proxies import Proxies, ProxyError
from tests.node.api.conftest import running_node
from tests.node.api.neighbour import ask

FEW = Limits(address=Rate(40, 0.001))
"""Room for four requests of one address."""

PATH = "/v1/coops"


def statuses(port: int, forwarded: list[str]) -> list[int]:
    return [ask(port, PATH, X_Forwarded_For=address).status for address in forwarded]


def test_who_asks_through_a_proxy_has_a_share_of_its_own(tmp_path: Path) -> None:
    with running_node(tmp_path, FEW, proxies=("127.0.0.1",)) as node:
        assert statuses(node.port, ["198.51.100.1"] * 6) == [200] * 4 + [429] * 2
        assert statuses(node.port, ["198.51.100.2"] * 4) == [200] * 4
        # Anybody can write what comes before the proxy's own word.
        assert statuses(node.port, ["198.51.100.9, 198.51.100.1"]) == [429]
        assert statuses(node.port, ["198.51.100.1, 198.51.100.3"]) == [200]


def test_a_household_has_one_share_however_many_addresses(tmp_path: Path) -> None:
    with running_node(tmp_path, FEW, proxies=("127.0.0.1",)) as node:
        asked = [f"2001:db8:7::{number:x}" for number in range(6)]
        assert statuses(node.port, asked) == [200] * 4 + [429] * 2
        assert statuses(node.port, ["2001:db8:7:1::1"]) == [200]
        assert statuses(node.port, ["::ffff:198.51.100.1"] * 2) == [200] * 2
        assert statuses(node.port, ["198.51.100.1"] * 3) == [200, 200, 429]


def test_what_is_no_address_shares_one_share(tmp_path: Path) -> None:
    with running_node(tmp_path, FEW, proxies=("127.0.0.1",)) as node:
        odd = ["unknown", "1.2.3", "x" * 4_000, "::1::", "\xff"]
        assert statuses(node.port, odd) == [200] * 4 + [429]


@pytest.mark.parametrize("network", ["127.0.0.0/24", "::/0,127.0.0.1/32"])
def test_a_proxy_can_be_any_of_a_network(tmp_path: Path, network: str) -> None:
    with running_node(tmp_path, FEW, proxies=tuple(network.split(","))) as node:
        asked = [f"198.51.100.{number}" for number in range(6)]
        assert statuses(node.port, asked) == [200] * 6


def test_a_proxy_under_ipv6_is_known_by_its_ipv4_address() -> None:
    assert "::ffff:192.0.2.7" in Proxies(["192.0.2.0/24"])
    assert "fe80::1%eth0" in Proxies(["fe80::/10"])
    assert "" not in Proxies(["0.0.0.0/0"])


@pytest.mark.parametrize("name", ["nonsense", "", "192.0.2.7/8", "192.0.2.256", "proxy.example"])
def test_what_is_no_address_of_a_proxy_is_refused(name: str) -> None:
    with pytest.raises(ProxyError, match="give a proxy by its address"):
        Proxies([name])


@pytest.mark.parametrize("proxies", [(), ("192.0.2.7",)])
def test_others_are_not_believed(tmp_path: Path, proxies: tuple[str, ...]) -> None:
    with running_node(tmp_path, FEW, proxies=proxies) as node:
        asked = [f"198.51.100.{number}" for number in range(6)]
        assert statuses(node.port, asked) == [200] * 4 + [429] * 2
