"""Why a request was not answered as it was meant: RFC 9457, with what to do."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from settlement_node.coop.answers import BusyError, EventsExpiredError, ReadOnlyError, StoppedError
from settlement_node.governance.joining import JoinProblem, JoinRefusedError
from settlement_node.log.sealed import DamagedLogError
from settlement_node.store.errors import StoreError

PROBLEM_TYPE: Final = "application/problem+json"

_JOIN_STATUS: Final = {
    JoinProblem.REQUEST_INVALID: 400,
    JoinProblem.WRONG_COOP: 422,
    JoinProblem.INVITE_UNKNOWN: 403,
    JoinProblem.INVITE_WITHDRAWN: 403,
    JoinProblem.INVITE_USED: 409,
    JoinProblem.INVITE_EXPIRED: 403,
    JoinProblem.CLOCK_WRONG: 422,
    JoinProblem.LEFT: 409,
}
_JOIN_ACTION: Final = {
    JoinProblem.REQUEST_INVALID: "Correct the request and send it again; the invite is not used.",
    JoinProblem.WRONG_COOP: "Send it to the node that the invite names.",
}
_OF_STATUS: Final = {
    404: ("not-found", "Nothing is here", "See /openapi.json for what there is."),
    405: ("method-not-allowed", "Not that method", "See /openapi.json for what there is."),
}


class ProblemError(Exception):
    """A request that gets a problem for an answer."""

    def __init__(  # noqa: PLR0913 - what the document has
        self,
        status: int,
        code: str,
        title: str,
        detail: str,
        action: str,
        *,
        headers: Mapping[str, str] | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> None:
        """Say what happened, and what to do."""
        super().__init__(detail)
        self.status = status
        self.headers = headers or {}
        self.document = {
            "type": f"urn:depin:problem:{code}",
            "title": title,
            "status": status,
            "detail": detail,
            "code": code,
            "action": action,
            **(extensions or {}),
        }

    def response(self) -> web.Response:
        """Write the answer."""
        return web.Response(
            status=self.status,
            body=msgspec.json.encode(self.document),
            content_type=PROBLEM_TYPE,
            headers={"Cache-Control": "no-store", **self.headers},
        )


def wait_a_little(  # noqa: PLR0913 - what such an answer has
    status: int, code: str, title: str, detail: str, seconds: int, *, close: bool = False
) -> ProblemError:
    """Say that it was too much for now, and perhaps end the connection."""
    return ProblemError(
        status,
        code,
        title,
        detail,
        f"Send it again in {seconds} s.",
        headers={"Retry-After": str(seconds)} | ({"Connection": "close"} if close else {}),
    )


def not_found(detail: str) -> ProblemError:
    """Say that there is no such thing."""
    return ProblemError(404, "not-found", "Nothing is here", detail, "Check the names in the path.")


def bad_request(detail: str, action: str) -> ProblemError:
    """Say that the request is not as described."""
    return ProblemError(400, "request-invalid", "The request is not as agreed", detail, action)


@web.middleware
async def answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what went wrong into a problem that says what to do."""
    try:
        return await handler(request)
    except ProblemError as problem:
        return problem.response()
    except JoinRefusedError as refused:
        return _join_refused(refused).response()
    except (BusyError, ReadOnlyError, StoppedError, StoreError, DamagedLogError) as error:
        return _cannot_take(error).response()
    except EventsExpiredError as expired:
        return _expired(expired).response()
    except web.HTTPException as error:
        known = _OF_STATUS.get(error.status)
        if known is None:
            raise
        code, title, action = known
        allowed = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        detail = f"{request.method} {request.path[:200]}"
        return ProblemError(error.status, code, title, detail, action, headers=allowed).response()


def _join_refused(refused: JoinRefusedError) -> ProblemError:
    what, _, action = refused.detail.partition(": ")
    return ProblemError(
        _JOIN_STATUS[refused.code],
        str(refused.code),
        "You cannot join with this",
        what,
        action[:1].upper() + action[1:]
        or _JOIN_ACTION.get(refused.code, "Ask an operator for another invite."),
    )


def _expired(expired: EventsExpiredError) -> ProblemError:
    return ProblemError(
        410,
        "events-expired",
        "Those events are not kept",
        str(expired),
        "Ask for what they may have told: standing, heads, statements. Then go on after the number"
        " that is given.",
        extensions={"after": expired.after},
    )


def _cannot_take(error: Exception) -> ProblemError:
    match error:
        case BusyError(retry_after=seconds):
            return wait_a_little(503, "busy", "Too much waits already", str(error), seconds)
        case ReadOnlyError():
            return ProblemError(
                503,
                "read-only",
                "The co-op takes nothing new for now",
                str(error),
                "Keep what you have to say, and send it again later.",
                headers={"Retry-After": "60"},
            )
        case _:
            return ProblemError(
                503,
                "stopped",
                "The co-op does not work for now",
                str(error),
                "Keep what you have to say, and send it again later.",
                headers={"Retry-After": "10"},
            )
