"""Authorizers on `$connect`: their events, and how API Gateway reads their results. Pure.

Sources: "Control access to WebSocket APIs with AWS Lambda REQUEST authorizers", "Output from an API Gateway Lambda
authorizer", `IdentitySource` in the API Gateway V2 API reference, and events of the real service that users published.
"""

import copy
import enum
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from pushwire.gateway._access.policies import INVOKE, PolicyError, allows, read_policy
from pushwire.gateway._functions.handlers import Handler
from pushwire.gateway._state.events import LambdaEvent
from pushwire.gateway._state.results import MalformedResultError, serialized
from pushwire.gateway._wire.responses import UNAUTHORIZED
from pushwire.gateway.settings import SettingsError

__all__ = [
    "Authorizer",
    "AuthorizerRefusal",
    "IamAuthorizer",
    "RequestAuthorizer",
    "authorizer_event",
    "catching_unauthorized",
    "missing_identity",
    "read_authorization",
]

# "Quotas for configuring and running a WebSocket API".
_MAX_RESULT_BYTES = 8_192
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_RESULT_KEYS = {"principalId", "policyDocument", "context", "usageIdentifierKey"}
# Authorizers' events have these headers, as the sample event in the developer guide shows; `$connect` events do not.
_HANDSHAKE_HEADERS = {"Connection": "upgrade", "content-length": "0", "Upgrade": "websocket"}


@dataclass(frozen=True, slots=True)
class RequestAuthorizer:
    """A Lambda authorizer of type REQUEST, the only type for WebSocket APIs. Its results are not cached.

    Attributes:
        handler: The authorizer function. It takes event and context, and returns a principal, a policy and a context.
        identity_sources: The values that a handshake must have; without one, the client gets a 401 and the function is
            not called. Each is `route.request.header.NAME`, `route.request.querystring.NAME`, `stageVariables.NAME`
            or `context.NAME`. Defaults to none.

    Raises:
        SettingsError: An identity source has another form, or `identity_sources` is a string.
    """

    handler: Handler
    identity_sources: Sequence[str] = ()

    def __post_init__(self) -> None:
        if isinstance(self.identity_sources, str):
            raise SettingsError(f"identity_sources must be a tuple of strings, not {self.identity_sources!r}")
        for source in self.identity_sources:
            if not any(source.startswith(place) and _NAME.fullmatch(source, len(place)) for place in _PLACES):
                forms = ", ".join(f"{place}NAME" for place in _PLACES)
                raise SettingsError(f"identity source {source!r} must be one of {forms}")


@dataclass(frozen=True, slots=True)
class IamAuthorizer:
    """IAM authorization: a principal of the gateway must sign the handshake, in its headers or in its URL."""


Authorizer: TypeAlias = RequestAuthorizer | IamAuthorizer
"""An authorizer of `$connect`: a Lambda function or IAM."""


class AuthorizerRefusal(enum.Enum):
    """A refusal by an authorizer."""

    UNAUTHORIZED = "unauthorized"
    """The function raised an exception with the text "Unauthorized"."""
    DENIED = "denied"
    """The policy denies `$connect`, or does not allow it."""


def catching_unauthorized(handler: Handler) -> Handler:
    """Wrap an authorizer's function: return `AuthorizerRefusal.UNAUTHORIZED` if it raises "Unauthorized"."""

    def ask(event: LambdaEvent, context: object) -> object:
        try:
            return handler(event, context)
        except Exception as error:
            if str(error) != UNAUTHORIZED:
                raise
            return AuthorizerRefusal.UNAUTHORIZED

    ask.__name__ = getattr(handler, "__name__", type(handler).__name__)
    return ask


def authorizer_event(connect_event: LambdaEvent, method_arn: str) -> LambdaEvent:
    """Return the event for an authorizer.

    Args:
        connect_event: The event for the `$connect` handler.
        method_arn: The ARN of `$connect`.
    """
    names = {name.lower() for name in connect_event["headers"]}
    added = {name: value for name, value in _HANDSHAKE_HEADERS.items() if name.lower() not in names}
    event = {
        "type": "REQUEST",
        "methodArn": method_arn,
        "headers": added | connect_event["headers"],
        "multiValueHeaders": {name: [value] for name, value in added.items()} | connect_event["multiValueHeaders"],
        "queryStringParameters": connect_event.get("queryStringParameters", {}),
        "multiValueQueryStringParameters": connect_event.get("multiValueQueryStringParameters", {}),
        "stageVariables": connect_event.get("stageVariables", {}),
        "requestContext": connect_event["requestContext"],
    }
    # Why a deep copy: the authorizer may change its event, which shares objects with the event of `$connect`.
    return copy.deepcopy(event)


def missing_identity(sources: Sequence[str], event: LambdaEvent) -> str | None:
    """Return the first identity source that is missing or empty in a handshake; `None` if all are there.

    Args:
        sources: The identity sources.
        event: The authorizer's event.
    """
    for source in sources:
        place = next(place for place in _PLACES if source.startswith(place))
        if _PLACES[place](event, source.removeprefix(place)) in (None, ""):
            return source
    return None


def read_authorization(value: object, method_arn: str) -> dict[str, str] | AuthorizerRefusal:
    """Parse the result of an authorizer by API Gateway's rules.

    Args:
        value: The return value of the function, wrapped by `catching_unauthorized`. It is written as JSON and read
            back, as Lambda does.
        method_arn: The ARN of `$connect`.

    Returns:
        The `requestContext.authorizer` of all later events, or how the client is refused.

    Raises:
        MalformedResultError: API Gateway would report a configuration error; the text gives the developer the reason.
    """
    if value is AuthorizerRefusal.UNAUTHORIZED:
        return AuthorizerRefusal.UNAUTHORIZED
    fields = _fields(value)
    principal = fields.get("principalId")
    if not isinstance(principal, str):
        raise MalformedResultError("the authorizer's result must have a 'principalId' that is a string")
    try:
        allowed = allows(read_policy(fields.get("policyDocument")), INVOKE, method_arn)
    except PolicyError as error:
        raise MalformedResultError(f"the authorizer's policy: {error}") from error
    authorizer = _context(fields.get("context")) | {"principalId": principal}
    return authorizer if allowed else AuthorizerRefusal.DENIED


def _header(event: LambdaEvent, name: str) -> object:
    return next((value for found, value in event["headers"].items() if found.lower() == name.lower()), None)


def _context_value(event: LambdaEvent, name: str) -> object:
    found: Any = event["requestContext"]
    for key in name.split("."):
        found = cast("dict[str, Any]", found).get(key) if isinstance(found, dict) else None
    return cast("object", found)


_PLACES: dict[str, Callable[[LambdaEvent, str], object]] = {
    "route.request.header.": _header,
    "route.request.querystring.": lambda event, name: event["queryStringParameters"].get(name),
    "stageVariables.": lambda event, name: event["stageVariables"].get(name),
    "context.": _context_value,
}


def _fields(value: object) -> dict[str, Any]:
    text = serialized(value, "the authorizer's result")
    size = len(text.encode())
    result: Any = json.loads(text)
    if size > _MAX_RESULT_BYTES:
        raise MalformedResultError(
            f"the authorizer's result has {size:,} bytes; API Gateway allows at most {_MAX_RESULT_BYTES:,}"
        )
    if not isinstance(result, dict):
        raise MalformedResultError("the authorizer's result must be a dict with 'principalId' and 'policyDocument'")
    fields = cast("dict[str, Any]", result)
    unknown = sorted(fields.keys() - _RESULT_KEYS)
    if unknown:
        hint = "; WebSocket APIs have no simple responses: return a policy" if "isAuthorized" in unknown else ""
        raise MalformedResultError(
            f"the authorizer's result has keys that API Gateway refuses: {', '.join(unknown)}{hint}"
        )
    return fields


def _context(value: object) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedResultError("the authorizer's 'context' must be an object")
    context = cast("dict[str, Any]", value)
    for key, each in context.items():
        if not isinstance(each, str | int | float):  # a bool is an int
            raise MalformedResultError(
                f"the authorizer's 'context' may hold only strings, numbers and booleans; "
                f"{key!r} is of type {type(each).__name__}"
            )
    return {key: each if isinstance(each, str) else json.dumps(each) for key, each in context.items()}
