"""Parses a handler's result as API Gateway parses the result of a Lambda proxy integration. Pure.

Source: "Set up Lambda proxy integrations in API Gateway": a result may have the keys `statusCode`, `headers`,
`multiValueHeaders`, `body` and `isBase64Encoded`; with any other key it is malformed. Users report the same for
WebSocket APIs: a message fails with "Internal server error" if the result has other keys.
"""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias, cast

__all__ = ["Failed", "MalformedResultError", "Outcome", "ProxyResult", "TimedOut", "read_result", "serialized"]

_KEYS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
_STATUS_CODES = range(200, 600)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")


class MalformedResultError(ValueError):
    """A handler's result is not one of a Lambda proxy integration; the text gives the developer the reason."""


@dataclass(frozen=True, slots=True)
class ProxyResult:
    """A well-formed result.

    Attributes:
        status_code: The `statusCode`, from 200 to 599.
        subprotocol: The header `Sec-WebSocket-Protocol`; `None` if the result does not have it.
        body: The `body`, which is sent to the client if the route has a route response. Defaults to `None`: no body.
    """

    status_code: int
    subprotocol: str | None
    body: str | None = None

    @property
    def accepts(self) -> bool:
        """Whether this result of `$connect` accepts the connection: the status is 2xx."""
        return self.status_code // 100 == 2


@dataclass(frozen=True, slots=True)
class Failed:
    """A handler raised an exception, or its result is malformed.

    Attributes:
        reason: The reason, for the developer. It is never sent to the client.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class TimedOut:
    """A handler had not returned within the integration time-out."""


Outcome: TypeAlias = ProxyResult | Failed | TimedOut
"""The result of a handler's call, as API Gateway reads it."""


def serialized(value: object, what: str = "the result") -> str:
    """Write a handler's return value as JSON, as Lambda's Python runtime does: a `Decimal` becomes a number.

    Args:
        value: The return value.
        what: The name of the value in the text of the error.

    Raises:
        MalformedResultError: The value cannot be written as JSON in UTF-8.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_number)
        text.encode()  # raises for half a surrogate pair
    except Exception as error:  # of any class, because the value's own methods may raise
        raise MalformedResultError(f"{what} cannot be written as JSON: {error}") from error
    return text


def read_result(value: object) -> ProxyResult:
    """Parse a handler's return value by API Gateway's rules.

    Args:
        value: The return value. It is written as JSON and read back, as Lambda does.

    Raises:
        MalformedResultError: The value cannot be written as JSON, is not an object, or has unknown keys; or its
            `statusCode`, `body` or headers are invalid.
    """
    result: Any = json.loads(serialized(value))
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


def _number(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


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
            f"the result's header 'Sec-WebSocket-Protocol' must be one subprotocol, not {last!r:.40}"
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
