"""Captured events, a front desk that records its calls, and routers with handler classes and decorators."""

import copy
import json
from collections.abc import Callable, Sequence
from typing import Any

from google.protobuf.empty_pb2 import Empty

from pushwire.aws_lambda import Interceptor
from pushwire.testing import RecordingTransport
from tests.aws_lambda.async_world import OnGone, async_router
from tests.aws_lambda.contract.desk_pb2 import Greeting, Visitor
from tests.aws_lambda.contract.desk_pushwire import (
    AsyncDeskRouter,
    DeskConnectRequest,
    DeskDisconnectRequest,
    DeskHandlers,
    DeskRequest,
    DeskRouter,
    DeskServerSdk,
)

Event = dict[str, Any]

# As in "Set up a WebSocket API integration request" (API Gateway developer guide), and as logged on the real service.
CAPTURED_CONNECT: Event = json.loads("""
{"headers":{"Host":"abcd1234.execute-api.us-east-1.amazonaws.com","Sec-WebSocket-Extensions":"permessage-deflate; client_max_window_bits","Sec-WebSocket-Key":"dGhlIHNhbXBsZSBub25jZQ==","Sec-WebSocket-Version":"13","X-Amzn-Trace-Id":"Root=1-65c66adf","X-Forwarded-For":"192.0.2.1","X-Forwarded-Port":"443","X-Forwarded-Proto":"https"},
 "multiValueHeaders":{"Host":["abcd1234.execute-api.us-east-1.amazonaws.com"],"Sec-WebSocket-Extensions":["permessage-deflate; client_max_window_bits"],"Sec-WebSocket-Key":["dGhlIHNhbXBsZSBub25jZQ=="],"Sec-WebSocket-Version":["13"],"X-Amzn-Trace-Id":["Root=1-65c66adf"],"X-Forwarded-For":["192.0.2.1"],"X-Forwarded-Port":["443"],"X-Forwarded-Proto":["https"]},
 "queryStringParameters":{"token":"t"},"multiValueQueryStringParameters":{"token":["t"]},
 "requestContext":{"routeKey":"$connect","eventType":"CONNECT","extendedRequestId":"ABCD1234=","requestTime":"09/Feb/2024:18:11:43 +0000","messageDirection":"IN","stage":"prod","connectedAt":1707502303419,"requestTimeEpoch":1707502303420,"identity":{"userAgent":"Mozilla/5.0","sourceIp":"192.0.2.1"},"requestId":"ABCD1234=","domainName":"abcd1234.execute-api.us-east-1.amazonaws.com","connectionId":"AAAA1234=","apiId":"abcd1234"},
 "isBase64Encoded":false}
""")  # noqa: E501
CAPTURED_MESSAGE: Event = json.loads(r"""
{"requestContext":{"routeKey":"say","messageId":"PJqCFfHyKRcCHlw=","eventType":"MESSAGE","extendedRequestId":"PJqCFEqHqRcFd0w=","requestTime":"29/Nov/2023:08:04:03 +0000","messageDirection":"IN","stage":"production","connectedAt":1701245041796,"requestTimeEpoch":1701245043417,"identity":{"sourceIp":"123.45.123.45"},"requestId":"PJqCFEqHqRcFd0w=","domainName":"aabbccdd.execute-api.ap-northeast-1.amazonaws.com","connectionId":"PJqB0fHsqRcCHlw=","apiId":"aabbccdd"},
 "body":"{\"route\":\"say\",\"payload\":{\"text\":\"Hello!\"}}","isBase64Encoded":false}
""")  # noqa: E501
CAPTURED_DISCONNECT: Event = json.loads("""
{"headers":{"Host":"abcd1234.execute-api.us-east-1.amazonaws.com","x-api-key":"","X-Forwarded-For":"","x-restapi":""},
 "multiValueHeaders":{"Host":["abcd1234.execute-api.us-east-1.amazonaws.com"],"x-api-key":[""],"X-Forwarded-For":[""],"x-restapi":[""]},
 "requestContext":{"routeKey":"$disconnect","disconnectStatusCode":1005,"eventType":"DISCONNECT","extendedRequestId":"ABCD1234=","requestTime":"09/Feb/2024:18:23:28 +0000","messageDirection":"IN","disconnectReason":"Client-side close frame status not set","stage":"prod","connectedAt":1707503007396,"requestTimeEpoch":1707503008941,"identity":{"sourceIp":"192.0.2.1"},"requestId":"ABCD1234=","domainName":"abcd1234.execute-api.us-east-1.amazonaws.com","connectionId":"AAAA1234=","apiId":"abcd1234"},
 "isBase64Encoded":false}
""")  # noqa: E501

CONNECTION_ID = "PJqB0fHsqRcCHlw="
REQUEST_ID = "PJqCFEqHqRcFd0w="
OK = {"statusCode": 200}


def captured(event: Event, **changes: Any) -> Event:
    """Return a captured event with other top-level values; `context` changes its `requestContext`."""
    made = copy.deepcopy(event)
    made["requestContext"] |= changes.pop("context", {})
    return made | changes


def saying(body: str, *, route_key: str = "say", **changes: Any) -> Event:
    """Return the captured message with another body."""
    return captured(CAPTURED_MESSAGE, body=body, context={"routeKey": route_key}, **changes)


def error_frame(text: str) -> bytes:
    """Return API Gateway's error frame, with the white space of the real service, and with the code of the refusal."""
    code = "unimplemented" if text == "Forbidden" else "invalid_argument"
    return (
        f'{{"message": "{text}", "connectionId":"{CONNECTION_ID}", "requestId":"{REQUEST_ID}", "code":"{code}"}}'
    ).encode()


class Desk(DeskHandlers):
    """Handlers that record their calls, and then run the function that a test has set for the method."""

    def __init__(self, **does: Callable[[Any], Any]) -> None:
        self.calls: list[tuple[str, Any]] = []
        self._does = does

    def enter(self, request: DeskRequest[Visitor], /) -> None:
        self._called("enter", request, request.message)

    def say(self, request: DeskRequest[Greeting], /) -> None:
        self._called("say", request, request.message)

    def leave(self, request: DeskRequest[Empty], /) -> None:
        self._called("leave", request, request.message)

    def _called(self, name: str, request: Any, seen: object) -> Any:
        self.calls.append((name, seen))
        return self._does[name](request) if name in self._does else None


class OpenDesk(Desk):
    """A desk with all optional methods."""

    def on_connect(self, request: DeskConnectRequest, /) -> Any:
        return self._called("on_connect", request, request.event.query_string_parameters)

    def on_disconnect(self, request: DeskDisconnectRequest, /) -> None:
        self._called("on_disconnect", request, request.event.disconnect_status_code)

    def on_default(self, request: DeskRequest[None], /) -> None:
        self._called("on_default", request, request.event.body)


def by_class(
    desk: Desk,
    transport: RecordingTransport,
    interceptors: Sequence[Interceptor] = (),
    on_gone: OnGone | None = None,
) -> DeskRouter:
    sdk = DeskServerSdk(transport=transport, on_gone=on_gone)
    return DeskRouter(desk, interceptors=interceptors, sdk=lambda _url: sdk)


def by_decorators(
    desk: Desk,
    transport: RecordingTransport,
    interceptors: Sequence[Interceptor] = (),
    on_gone: OnGone | None = None,
) -> DeskRouter:
    sdk = DeskServerSdk(transport=transport, on_gone=on_gone)
    router = DeskRouter(interceptors=interceptors, sdk=lambda _url: sdk)
    router.enter(desk.enter)
    router.say(desk.say)
    router.leave(desk.leave)
    if isinstance(desk, OpenDesk):
        router.on_connect(desk.on_connect)
        router.on_disconnect(desk.on_disconnect)
        router.on_default(desk.on_default)
    return router


def by_async_class(
    desk: Desk,
    transport: RecordingTransport,
    interceptors: Sequence[Interceptor] = (),
    on_gone: OnGone | None = None,
) -> AsyncDeskRouter:
    return async_router(desk, transport, interceptors, on_gone, by_decorators=False)


def by_async_decorators(
    desk: Desk,
    transport: RecordingTransport,
    interceptors: Sequence[Interceptor] = (),
    on_gone: OnGone | None = None,
) -> AsyncDeskRouter:
    return async_router(desk, transport, interceptors, on_gone, by_decorators=True)


FORMS: list[Callable[..., Any]] = [by_class, by_decorators, by_async_class, by_async_decorators]
