"""The log's files and the checks of health, as those who hold copies ask for them."""

import time
from http.client import HTTPConnection

import pytest

from tests.node.api.conftest import Node
from tests.node.api.neighbour import Reply, ask
from tests.patience import PATIENCE


def asked(node: Node, method: str, path: str, **headers: str) -> Reply:
    connection = HTTPConnection("127.0.0.1", node.port, timeout=PATIENCE)
    try:
        connection.request(
            method, path, headers={n.replace("_", "-"): v for n, v in headers.items()}
        )
        response = connection.getresponse()
        return Reply(response.status, dict(response.getheaders()), response.read())
    finally:
        connection.close()


def files(node: Node) -> list[str]:
    log = f"/log/{node.coop.description.coop}"
    return [f"{log}/checkpoint", f"{log}/tile/0/000.p/1", f"{log}/tile/entries/000.p/1"]


def test_head_tells_what_get_would(node: Node) -> None:
    for path in [*files(node), "/openapi.json", "/healthz"]:
        for _ in range(100):
            head, whole = asked(node, "HEAD", path), asked(node, "GET", path)
            if head.headers.get("Etag") == whole.headers.get("Etag"):
                break
            time.sleep(0.05)
        assert (head.status, head.content) == (200, b"")
        for name in ("Content-Type", "Content-Length", "Cache-Control", "Etag"):
            assert head.headers.get(name) == whole.headers.get(name), (path, name)
    assert asked(node, "HEAD", f"{files(node)[0]}s").status == 404
    assert asked(node, "HEAD", "/v1/statements").status == 405


@pytest.mark.parametrize("number", range(3))
def test_who_holds_a_file_does_not_get_it_again(node: Node, number: int) -> None:
    path = files(node)[number]
    first = asked(node, "GET", path)
    tag = first.headers["Etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = asked(node, "GET", path, If_None_Match=known)
        assert (again.status, again.content) == (304, b""), known
        assert again.headers["Etag"] == tag
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    for other in ('"other"', "nonsense", ""):
        assert asked(node, "GET", path, If_None_Match=other).content == first.content


def test_a_new_checkpoint_has_another_tag(node: Node) -> None:
    path = files(node)[0]
    tag = asked(node, "GET", path).headers["Etag"]
    node.code()
    newer = asked(node, "GET", path, If_None_Match=tag)
    while newer.status == 304:
        time.sleep(0.05)
        newer = asked(node, "GET", path, If_None_Match=tag)
    assert newer.status == 200
    assert newer.headers["Etag"] != tag
    assert newer.content == ask(node.port, path).content


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "old is missing"),
        ("?old=1", "new is missing"),
        ("?old=&new=1", "old is not a whole number"),
        ("?old=1&old=2&new=3", "old stands twice"),
    ],
)
def test_what_a_query_lacks_or_says_twice_is_named(node: Node, query: str, said: str) -> None:
    path = f"/v1/coops/{node.coop.description.coop}/proofs/consistency{query}"
    reply = ask(node.port, path)
    assert (reply.status, reply.json["code"]) == (400, "request-invalid")
    assert said in reply.json["detail"]
