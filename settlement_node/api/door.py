"""What speaks HTTP on one connection: aiohttp's own, but for what it says of requests of no use."""

from aiohttp import web

from settlement_node.api.problems import ProblemError

_BROKEN = "what was sent is no request of HTTP/1.1, or its head is too long"
_OUR_FAULT = "the node has made a mistake, and has logged it"


class Door(web.RequestHandler):
    """One connection's requests."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what never came to be a request, or failed, with a problem too."""
        super().handle_error(request, status, exc, message)
        if status < 500:  # noqa: PLR2004 - the peer's faults are below
            problem = ProblemError(
                status,
                "request-invalid",
                "The request is not as agreed",
                _BROKEN,
                "Correct its head and send it again.",
            )
        else:
            problem = ProblemError(
                status,
                "failed",
                "The node could not answer",
                _OUR_FAULT,
                "Send it again later, and tell the co-op's operator.",
            )
        response = problem.response()
        response.force_close()
        return response

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Answer with a problem too what aiohttp refuses before any handler sees it."""
        if isinstance(resp, web.HTTPExpectationFailed):
            resp = ProblemError(
                resp.status,
                "expectation-failed",
                "Nothing but 100-continue can be expected",
                f"the request expects {request.headers['Expect'][:100]!r}",
                "Send it without Expect.",
            ).response()
            resp.force_close()
        return await super().finish_response(request, resp, start_time)
