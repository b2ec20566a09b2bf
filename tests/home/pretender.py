"""What answers at a node's address as a test wants it: a node that lies, or none at all."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web
from aiohttp.test_utils import TestServer

PROBLEM: Final = {"detail": "so it is", "action": "do something"}


IN_EUROS = {"currency": "EUR", "market": "hof"}
"""What a node says of a co-op besides its name and key."""


class Pretender:
    """Answers by the end of the path; says 404 with a problem to anything else."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, object]] = {}
        self.rules: dict[str, Callable[[bytes], tuple[int, object]]] = {}
        self.asked: list[str] = []
        self.headers: dict[str, str] = {}
        self.address = ""

    def refuse(self, path: str, code: str, status: int = 403) -> None:
        """Answer with a problem."""
        self.answers[path] = status, {"code": code, **PROBLEM}

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        content = await request.read()
        for path, rule in self.rules.items():
            if request.path.endswith(path):
                return self._said(*rule(content))
        for path, (status, value) in self.answers.items():
            if request.path.endswith(path):
                return self._said(status, value)
        return web.json_response({"code": "not-found", **PROBLEM}, status=404)

    def _said(self, status: int, value: object) -> web.Response:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return web.Response(status=status, body=body, headers=self.headers)


@asynccontextmanager
async def pretending(**answers: Any) -> AsyncIterator[Pretender]:  # noqa: ANN401 - any JSON
    """Run one; `answers` are by the last part of the path."""
    pretender = Pretender()
    pretender.answers = {f"/{name}": (200, value) for name, value in answers.items()}
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", pretender.answer)
    async with TestServer(app) as server:
        pretender.address = str(server.make_url("")).rstrip("/")
        yield pretender
