"""What a handler returned, read as API Gateway reads the result of a Lambda proxy integration. Pure.

Source: "Set up Lambda proxy integrations in API Gateway": a result has `statusCode`, `headers`, `multiValueHeaders`,
`body` and `isBase64Encoded`, and nothing else; any other shape is a malformed response. Reports from users show
WebSocket APIs doing the same: a result with keys of its own makes a message fail with "Internal server error".
"""

import json
import re
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

__all__ = ["Failed", "MalformedResultError", "Outcome", "ProxyResult", "TimedOut", "read_result"]

_KEYS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
_STATUS_CODES = range(200, 600)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")


class MalformedResultError(ValueError):
    """A handler's result is not one of a Lambda proxy integration; the text says why, to the developer."""


@dataclass(frozen=True, slots=True)
class ProxyResult:
    """A well-formed result.

    Attributes:
        status_code: Its status code, 200 to 599.
        subprotocol: Its header `Sec-WebSocket-Protocol`, or `None` if it has none.
        body: Its body, which a client receives where there is a route response; `None` if it has none.
    """

    status_code: int
    subprotocol: str | None
    body: str | None = None

    @property
    def accepts(self) -> bool:
        """Whether a `$connect` with this result opens the connection."""
        return self.status_code // 100 == 2


@dataclass(frozen=True, slots=True)
class Failed:
    """A handler raised, or returned what API Gateway refuses.

    Attributes:
        reason: Why: the developer's to know, never the client's.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class TimedOut:
    """A handler had not returned when API Gateway stopped waiting for it."""


Outcome: TypeAlias = ProxyResult | Failed | TimedOut
"""What API Gateway makes of a call of a handler."""


def read_result(value: object) -> ProxyResult:
    """Return a handler's result, read by API Gateway's rules.

    Args:
        value: What the handler returned. It is written as JSON and read back, as Lambda does.

    Raises:
        MalformedResultError: If it is not JSON, not an object, has no `statusCode`, or has keys of its own.
    """
    try:
        result: Any = json.loads(json.dumps(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise MalformedResultError(f"the result cannot be written as JSON: {error}") from error
    if not isinstance(result, dict):
        raise MalformedResultError(f'the result must be a dict such as {{"statusCode": 200}}, not {_name(value)}')
    fields = cast("dict[str, Any]", result)
    unknown = sorted(fields.keys() - _KEYS)
    if unknown:
        raise MalformedResultError(f"the result has keys that API Gateway refuses: {', '.join(unknown)}")
    body = fields.get("body")
    if body is not None and not isinstance(body, str):
        raise MalformedResultError(f"the result's 'body' must be a string, not {_name(body)}; use json.dumps")
    return ProxyResult(_status_code(fields), _subprotocol(fields), body)


def _status_code(fields: dict[str, Any]) -> int:
    code = fields.get("statusCode")
    if code is None:
        raise MalformedResultError("the result has no 'statusCode'")
    if isinstance(code, str) and code.isascii() and code.isdigit():
        code = int(code[:4])
    if isinstance(code, bool) or not isinstance(code, int) or code not in _STATUS_CODES:
        raise MalformedResultError(f"the result's 'statusCode' must be an integer from 200 to 599, not {code!r:.40}")
    return code


def _subprotocol(fields: dict[str, Any]) -> str | None:
    values = [
        value
        for key in ("headers", "multiValueHeaders")
        for name, value in _headers(key, fields.get(key)).items()
        if name.lower() == "sec-websocket-protocol"
    ]
    if not values:
        return None
    last: object = values[-1]
    if isinstance(last, list):
        last = next(reversed(cast("list[object]", last)), None)
    if not isinstance(last, str) or _TOKEN.fullmatch(last) is None:
        raise MalformedResultError(
            "the result's header 'Sec-WebSocket-Protocol' must be one subprotocol, a plain token"
        )
    return last


def _headers(key: str, value: object) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedResultError(f"the result's {key!r} must be an object, not {_name(value)}")
    return cast("dict[str, Any]", value)


def _name(value: object) -> str:
    return "None" if value is None else type(value).__name__
