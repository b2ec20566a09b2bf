"""The description of the interface says what there is, no less and no more."""

import json
import re

from settlement_node.api.routes import DESCRIPTION, ROUTES
from tests.node.api.conftest import Node
from tests.node.api.neighbour import ask

METHODS = {"get", "head", "post", "put", "patch", "delete"}


def test_every_route_is_described_and_nothing_else() -> None:
    paths = json.loads(DESCRIPTION)["paths"]
    described = {
        (method.upper(), path)
        for path, operations in paths.items()
        for method in METHODS & set(operations)
    }
    # What a name in a path may look like is the description's to say.
    offered = {(method, re.sub(r":[^{}]+\}", "}", path)) for method, path, _ in ROUTES}
    assert described == offered


def test_every_path_names_the_parameters_that_it_has() -> None:
    description = json.loads(DESCRIPTION)
    shared = description["components"]["parameters"]
    for path, operations in description["paths"].items():
        for operation in operations.values():
            parameters = [
                shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one
                for one in operation.get("parameters", [])
            ]
            named = {one["name"] for one in parameters if one["in"] == "path"}
            assert named == set(re.findall(r"\{(\w+)\}", path)), path


def test_the_description_is_served(node: Node) -> None:
    served = ask(node.port, "/openapi.json")
    assert served.status == 200
    assert served.content == DESCRIPTION
    assert served.json["openapi"] == "3.1.0"
