"""Authorizes handshakes with the authorizer of `$connect`, if there is one."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from pushwire.gateway._access.authorizers import (
    AuthorizerRefusal,
    RequestAuthorizer,
    authorizer_event,
    catching_unauthorized,
    missing_identity,
    read_authorization,
)
from pushwire.gateway._access.iam import IamAccess
from pushwire.gateway._functions.handlers import Handler, HandlerPool
from pushwire.gateway._state.events import LambdaEvent
from pushwire.gateway._state.results import Failed, TimedOut
from pushwire.gateway._wire.http11 import HttpRequest
from pushwire.gateway._wire.responses import FORBIDDEN, INTERNAL_SERVER_ERROR, UNAUTHORIZED, HttpResponse, error_frame

__all__ = ["Authorization"]

logger = logging.getLogger("pushwire.gateway")


class _LambdaAuthorizer(NamedTuple):
    """An authorizer whose function is wrapped once, because the pool keeps the instances of each function object."""

    function: Handler
    identity_sources: Sequence[str]


class Authorization:
    """Decides whether a client may connect.

    Args:
        authorizer: A Lambda authorizer or IAM authorization; `None` allows every client.
        method_arn: The ARN of `$connect`.
        pool: Runs the authorizer's function.
    """

    def __init__(self, authorizer: RequestAuthorizer | IamAccess | None, *, method_arn: str, pool: HandlerPool) -> None:
        self._authorizer: _LambdaAuthorizer | IamAccess | None = (
            _LambdaAuthorizer(catching_unauthorized(authorizer.handler), authorizer.identity_sources)
            if isinstance(authorizer, RequestAuthorizer)
            else authorizer
        )
        self._method_arn = method_arn
        self._pool = pool

    async def authorize(
        self, request: HttpRequest, connect_event: LambdaEvent
    ) -> Mapping[str, str] | HttpResponse | None:
        """Authorize one handshake.

        Args:
            request: The handshake.
            connect_event: The event for the `$connect` handler.

        Returns:
            The `requestContext.authorizer` of all events of the connection; `None` if events have none; or the response
            that refuses the handshake.
        """
        match self._authorizer:
            case None:
                return None
            case IamAccess() as access:
                return access.refusal_to_connect(request)
            case _LambdaAuthorizer() as authorizer:
                return await self._ask(authorizer, connect_event)

    async def _ask(self, authorizer: _LambdaAuthorizer, connect_event: LambdaEvent) -> Mapping[str, str] | HttpResponse:
        event = authorizer_event(connect_event, self._method_arn)
        missing = missing_identity(authorizer.identity_sources, event)
        if missing is not None:
            logger.warning("$connect: the authorizer was not called: the handshake has no %s", missing)
            return _refused(connect_event, 401, "UnauthorizedException", UNAUTHORIZED)
        read = partial(read_authorization, method_arn=self._method_arn)
        answer = await self._pool.run(authorizer.function, event, read)
        match answer:
            case AuthorizerRefusal.UNAUTHORIZED:
                return _refused(connect_event, 401, "UnauthorizedException", UNAUTHORIZED)
            case AuthorizerRefusal.DENIED:
                logger.warning("$connect: the authorizer's policy does not allow %s", self._method_arn)
                return _refused(connect_event, 403, "ForbiddenException", FORBIDDEN)
            case Failed() | TimedOut():
                return _refused(connect_event, 500, "AuthorizerConfigurationException", INTERNAL_SERVER_ERROR)
            case _:
                return answer


def _refused(connect_event: LambdaEvent, status: int, error_type: str, message: str) -> HttpResponse:
    context = connect_event["requestContext"]
    body = error_frame(message, connection_id=context["connectionId"], request_id=context["requestId"])
    headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", error_type))
    return HttpResponse(status, body.encode(), headers)
