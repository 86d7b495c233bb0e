"""Events of a WebSocket API with the keys of API Gateway ("Set up a WebSocket API integration request").

A key that API Gateway omits is omitted here, and not null. All events come from the API `abcd1234` in us-east-1, and by
default from one connection. Times and request ids are constant.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from google.protobuf.message import Message

from pushwire.operation import Format, Operation
from pushwire.testing.frames import client_frame

__all__ = ["connect_event", "disconnect_event", "message_event", "text_event"]

M = TypeVar("M", bound=Message)

CONNECTION_ID: Final = "L0SM9cOFvHcCIhw="
_API_ID: Final = "abcd1234"
_HOST: Final = "abcd1234.execute-api.us-east-1.amazonaws.com"
_CONNECTED_AT: Final = 1707502303419


def connect_event(
    *,
    connection_id: str = CONNECTION_ID,
    headers: Mapping[str, str] | None = None,
    query_string_parameters: Mapping[str, str] | None = None,
    subprotocols: tuple[str, ...] = (),
    authorizer: Mapping[str, Any] | None = None,
    stage_variables: Mapping[str, str] | None = None,
    domain_name: str = _HOST,
    stage: str = "prod",
) -> dict[str, Any]:
    """Return the `$connect` event of a client.

    Args:
        connection_id: The id of the connection. Defaults to the id that all test events share.
        headers: Headers of the handshake, in addition to those of every handshake. Defaults to no headers.
        query_string_parameters: The query parameters of the URL. Defaults to no query, for which the event has no keys.
        subprotocols: The subprotocols that the client offers. Defaults to no subprotocols.
        authorizer: The context of a Lambda authorizer, such as `{"principalId": "ada"}`. Defaults to no authorizer.
        stage_variables: The stage variables. Defaults to no variables.
        domain_name: The host that the client connected to. Defaults to the execute-api host of the API.
        stage: The stage. Defaults to `prod`.

    Returns:
        The event, as Lambda passes it to a handler.
    """
    sent = {
        "Host": domain_name,
        "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        **({"Sec-WebSocket-Protocol": ", ".join(subprotocols)} if subprotocols else {}),
        "Sec-WebSocket-Version": "13",
        **(headers or {}),
        "X-Amzn-Trace-Id": "Root=1-65c66adf-0123456789abcdef01234567",
        "X-Forwarded-For": "192.0.2.1",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    }
    event: dict[str, Any] = {"headers": sent, "multiValueHeaders": _multi(sent)}
    if query_string_parameters:
        event["queryStringParameters"] = dict(query_string_parameters)
        event["multiValueQueryStringParameters"] = _multi(query_string_parameters)
    user_agent = next((value for name, value in sent.items() if name.lower() == "user-agent"), None)
    context = _context(connection_id, domain_name, stage, authorizer, user_agent, routeKey="$connect")
    return _finished(event, context | {"eventType": "CONNECT"}, stage_variables)


def message_event(
    operation: Operation[M],
    message: M | None = None,
    *,
    frame_format: Format | None = None,
    id: str | None = None,  # noqa: A002 - the name of the key
    route_key: str | None = None,
    connection_id: str = CONNECTION_ID,
    authorizer: Mapping[str, Any] | None = None,
    user_agent: str | None = None,
    stage_variables: Mapping[str, str] | None = None,
    domain_name: str = _HOST,
    stage: str = "prod",
) -> dict[str, Any]:
    """Return the event of a message from a client.

    Args:
        operation: The operation, such as `ChatOperations.join_room`.
        message: The message. Defaults to a message with no field set.
        frame_format: The format of the frame. Defaults to the format in the contract.
        id: The id of a client that wants an answer. Defaults to no id.
        route_key: The route key that API Gateway chose. Defaults to the operation's route for JSON frames, and to
            `$default` for BINARY frames, whose route API Gateway cannot read.
        connection_id: The id of the connection. Defaults to the id that all test events share.
        authorizer: The context of a Lambda authorizer at `$connect`. Defaults to no authorizer.
        user_agent: The client's `User-Agent` header. Defaults to `None`, for which the event has no key.
        stage_variables: The stage variables. Defaults to no variables.
        domain_name: The host that the client connected to. Defaults to the execute-api host of the API.
        stage: The stage. Defaults to `prod`.

    Returns:
        The event, as Lambda passes it to a handler.

    Raises:
        TypeError: Clients do not send the operation, or the message has another type.
        pushwire.FrameError: The message cannot be encoded.
    """
    body = client_frame(operation, message, frame_format, id)
    if route_key is None:
        route_key = operation.route if (frame_format or operation.format) is Format.JSON else "$default"
    return text_event(
        body,
        route_key=route_key,
        connection_id=connection_id,
        authorizer=authorizer,
        user_agent=user_agent,
        stage_variables=stage_variables,
        domain_name=domain_name,
        stage=stage,
    )


def text_event(
    text: str,
    *,
    route_key: str = "$default",
    connection_id: str = CONNECTION_ID,
    authorizer: Mapping[str, Any] | None = None,
    user_agent: str | None = None,
    stage_variables: Mapping[str, str] | None = None,
    domain_name: str = _HOST,
    stage: str = "prod",
) -> dict[str, Any]:
    """Return the event of a text from a client, which need not be a valid frame.

    Args:
        text: The text, such as `{"route":"JoinRoom","payload":7}`.
        route_key: The route key that API Gateway chose. Defaults to `$default`.
        connection_id: The id of the connection. Defaults to the id that all test events share.
        authorizer: The context of a Lambda authorizer at `$connect`. Defaults to no authorizer.
        user_agent: The client's `User-Agent` header. Defaults to `None`, for which the event has no key.
        stage_variables: The stage variables. Defaults to no variables.
        domain_name: The host that the client connected to. Defaults to the execute-api host of the API.
        stage: The stage. Defaults to `prod`.

    Returns:
        The event, as Lambda passes it to a handler.
    """
    context = _context(
        connection_id, domain_name, stage, authorizer, user_agent, routeKey=route_key, messageId="PJqCFfHyKRcCHlw="
    )
    event = _finished({}, context | {"eventType": "MESSAGE"}, stage_variables)
    return {**event, "body": text, "isBase64Encoded": False}


def disconnect_event(
    *,
    connection_id: str = CONNECTION_ID,
    status_code: int = 1005,
    reason: str = "Client-side close frame status not set",
    authorizer: Mapping[str, Any] | None = None,
    user_agent: str | None = None,
    stage_variables: Mapping[str, str] | None = None,
    domain_name: str = _HOST,
    stage: str = "prod",
) -> dict[str, Any]:
    """Return the `$disconnect` event of a connection.

    Args:
        connection_id: The id of the connection. Defaults to the id that all test events share.
        status_code: The WebSocket close code. Defaults to 1005, a close frame without a code.
        reason: The reason. Defaults to API Gateway's text for 1005.
        authorizer: The context of a Lambda authorizer at `$connect`. Defaults to no authorizer.
        user_agent: The client's `User-Agent` header. Defaults to `None`, for which the event has no key.
        stage_variables: The stage variables. Defaults to no variables.
        domain_name: The host that the client connected to. Defaults to the execute-api host of the API.
        stage: The stage. Defaults to `prod`.

    Returns:
        The event, as Lambda passes it to a handler.
    """
    sent = {"Host": domain_name, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
    context = _context(
        connection_id,
        domain_name,
        stage,
        authorizer,
        user_agent,
        routeKey="$disconnect",
        disconnectStatusCode=status_code,
        disconnectReason=reason,
    )
    event: dict[str, Any] = {"headers": sent, "multiValueHeaders": _multi(sent)}
    return _finished(event, context | {"eventType": "DISCONNECT"}, stage_variables)


def _context(
    connection_id: str,
    domain_name: str,
    stage: str,
    authorizer: Mapping[str, Any] | None,
    user_agent: str | None,
    **own: object,
) -> dict[str, Any]:
    identity = {"sourceIp": "192.0.2.1"}
    if user_agent is not None:
        identity["userAgent"] = user_agent
    return {
        **own,
        **({"authorizer": dict(authorizer)} if authorizer is not None else {}),
        "extendedRequestId": "PJqCFEqHqRcFd0w=",
        "requestTime": "09/Feb/2024:18:11:43 +0000",
        "messageDirection": "IN",
        "stage": stage,
        "connectedAt": _CONNECTED_AT,
        "requestTimeEpoch": _CONNECTED_AT + 1,
        "identity": identity,
        "requestId": "PJqCFEqHqRcFd0w=",
        "domainName": domain_name,
        "connectionId": connection_id,
        "apiId": _API_ID,
    }


def _finished(
    event: dict[str, Any], context: dict[str, Any], stage_variables: Mapping[str, str] | None
) -> dict[str, Any]:
    if stage_variables:
        event["stageVariables"] = dict(stage_variables)
    return {**event, "requestContext": context, "isBase64Encoded": False}


def _multi(values: Mapping[str, str]) -> dict[str, list[str]]:
    return {name: [value] for name, value in values.items()}
