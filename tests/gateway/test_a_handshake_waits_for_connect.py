"""The handshake is answered after `$connect` has returned, with its status."""

import json
import logging
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.gateway.world import SECONDS, Recorder, client, exchange, handshake, masked, raw_socket, serving, visit


def refusal(handler: Callable[[Any, Any], Any]) -> "tuple[int, bytes]":
    with serving(handler) as gateway:
        with pytest.raises(InvalidStatus) as caught:
            visit(gateway)
        response = caught.value.response
        return response.status_code, bytes(response.body or b"")


@pytest.mark.parametrize("status", [200, 201, 204, 299, "200"])
def test_a_2xx_status_opens_the_connection(status: object) -> None:
    recorder = Recorder(CONNECT={"statusCode": status})
    with serving(recorder) as gateway, client(gateway) as ws:
        assert ws.response is not None
        assert ws.response.status_code == 101
        assert recorder.next("CONNECT")["requestContext"]["routeKey"] == "$connect"


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 429, 500, 501, 599])
def test_any_other_status_is_passed_on_with_no_body(status: int) -> None:
    assert refusal(Recorder(CONNECT={"statusCode": status, "body": "not told"})) == (status, b"")


def test_an_exception_is_502_and_its_traceback_is_logged_for_the_developer(caplog: pytest.LogCaptureFixture) -> None:
    def broken(event: object, context: object) -> None:
        raise RuntimeError("secret detail")

    status, body = refusal(broken)
    assert status == 502
    assert json.loads(body)["message"] == "Internal server error"
    assert b"secret detail" not in body
    assert "RuntimeError: secret detail" in caplog.text
    assert "in broken" in caplog.text
    assert "handlers.py" not in caplog.text.split("Traceback")[1]


@pytest.mark.parametrize(
    "result",
    [
        None,
        "OK",
        {},
        {"body": "no status"},
        {"statusCode": 99},
        {"statusCode": 101},
        {"statusCode": 600},
        {"statusCode": True},
        {"statusCode": 200.5},
        {"statusCode": "ok"},
        {"statusCode": 200, "connectionId": "keys of its own"},
        {"statusCode": 200, "body": {"not": "text"}},
        {"statusCode": 200, "headers": ["not", "an", "object"]},
        {"statusCode": 200, "body": {1, 2}},
        {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "x\r\nSet-Cookie: a=b"}},
    ],
    ids=repr,
)
def test_a_malformed_result_is_502_as_for_every_lambda_proxy(result: object) -> None:
    assert refusal(Recorder(CONNECT=result))[0] == 502


def test_sys_exit_in_a_handler_is_502_and_the_gateway_lives_on() -> None:
    recorder = Recorder(CONNECT=lambda _event: sys.exit(3))
    with serving(recorder) as gateway:
        with pytest.raises(InvalidStatus) as caught:
            visit(gateway)
        assert caught.value.response.status_code == 502
        recorder.answers["CONNECT"] = {"statusCode": 200}
        visit(gateway)


def test_no_connect_route_accepts_everybody() -> None:
    recorder = Recorder(CONNECT={"statusCode": 401})
    with serving(recorder, omit_routes=("$connect",)) as gateway, client(gateway) as ws:
        ws.send("hello")
        recorder.next("MESSAGE")


def test_nothing_is_answered_before_connect_has_returned() -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow(event: object, context: object) -> dict[str, int]:
        entered.set()
        assert leave.wait(SECONDS)
        return {"statusCode": 200}

    with serving(slow) as gateway, raw_socket(gateway) as sock:
        sock.sendall(handshake(gateway))
        assert entered.wait(SECONDS)
        sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            sock.recv(1)
        sock.settimeout(SECONDS)
        leave.set()
        assert sock.recv(1_000).startswith(b"HTTP/1.1 101 ")


def test_what_a_client_sends_during_connect_is_kept() -> None:

    recorder = Recorder()
    with serving(recorder) as gateway, raw_socket(gateway) as sock:
        sock.sendall(handshake(gateway) + masked(0x81, b"early"))
        recorder.next("CONNECT")
        assert recorder.next("MESSAGE")["body"] == "early"


def test_the_subprotocol_comes_from_the_connect_response_only() -> None:
    recorder = Recorder(CONNECT={"statusCode": 200, "headers": {"sec-websocket-protocol": "chat.v2"}})
    with serving(recorder) as gateway, client(gateway, subprotocols=["chat.v1", "chat.v2"]) as ws:
        assert ws.subprotocol == "chat.v2"
        assert recorder.next("CONNECT")["headers"]["Sec-WebSocket-Protocol"] == "chat.v1, chat.v2"
    with serving(Recorder()) as gateway, client(gateway, subprotocols=["chat.v1"]) as ws:
        assert ws.subprotocol is None


def test_a_multi_value_header_names_the_subprotocol_too() -> None:
    headers = {"multiValueHeaders": {"Sec-WebSocket-Protocol": ["chat.v1"]}}
    recorder = Recorder(CONNECT={"statusCode": 200, **headers})
    with serving(recorder) as gateway, client(gateway, subprotocols=["chat.v1"]) as ws:
        assert ws.subprotocol == "chat.v1"


def test_no_extension_is_negotiated_though_the_handler_sees_the_offer() -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, client(gateway, compression="deflate") as ws:
        assert ws.protocol.extensions == []
        assert "permessage-deflate" in recorder.next("CONNECT")["headers"]["Sec-WebSocket-Extensions"]


def test_a_plain_get_on_the_stage_is_426() -> None:
    with serving(Recorder()) as gateway:
        answer = exchange(gateway, b"GET /local HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 426 Upgrade Required\r\n")
    assert answer.endswith(b'{"message":"Upgrade Required"}')


@pytest.mark.parametrize("path", ["/", "/prod", "/local/more", "/Local", "//local", "/local/@connections"])
def test_a_path_that_is_not_the_stage_is_403(path: str) -> None:
    recorder = Recorder()
    with serving(recorder) as gateway:
        for request in (handshake(gateway, path), f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()):
            answer = exchange(gateway, request)
            assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
            assert answer.endswith(b'{"message":"Forbidden"}')
    assert recorder.nothing_more()


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 8", 400),
        (b"dGhlIHNhbXBsZSBub25jZQ==", b"short", 400),
        (b"Sec-WebSocket-Key:", b"X-Other:", 400),
        (b"GET ", b"POST ", 405),
        (b"HTTP/1.1", b"HTTP/1.0", 426),
    ],
)
def test_an_invalid_handshake_never_reaches_the_handler(old: bytes, new: bytes, status: int) -> None:
    recorder = Recorder()
    with serving(recorder) as gateway:
        answer = exchange(gateway, handshake(gateway).replace(old, new))
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert recorder.nothing_more()


def test_a_client_that_leaves_during_connect_is_reported_gone_after_it() -> None:

    left = threading.Event()

    def wait_until_it_left(_event: object) -> dict[str, int]:
        assert left.wait(SECONDS)
        return {"statusCode": 200}

    recorder = Recorder(CONNECT=wait_until_it_left)
    with serving(recorder) as gateway:
        with raw_socket(gateway) as sock:
            sock.sendall(handshake(gateway))
            connected = recorder.next("CONNECT")
        left.set()
        gone = recorder.next("DISCONNECT")["requestContext"]
    assert gone["connectionId"] == connected["requestContext"]["connectionId"]
    assert gone["disconnectStatusCode"] == 1006


def test_the_verdict_is_logged_at_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "pushwire.gateway")
    with serving(Recorder()) as gateway, client(gateway):
        pass
    assert "$connect" in caplog.text
