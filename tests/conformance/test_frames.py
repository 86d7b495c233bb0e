"""The frames that clients may send: sizes, fragments, and text only."""

import hashlib
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed

from tests.conformance.clients import App
from tests.conformance.sources import BINARY, OVERVIEW, QUOTAS, source

MAX_FRAME = 32_768
MAX_MESSAGE = 131_072


def digest(text: bytes) -> dict[str, object]:
    return {"characters": len(text.decode()), "sha256": hashlib.sha256(text).hexdigest()}


def pieces(text: bytes, size: int = MAX_FRAME) -> list[bytes]:
    return [text[start : start + size] for start in range(0, len(text), size)]


@source(QUOTAS)
def test_a_frame_of_32768_bytes_is_accepted(app: App) -> None:
    text = b"x" * MAX_FRAME
    assert app.client().report_of([text])["body"] == digest(text)


@source(QUOTAS, OVERVIEW)
def test_a_frame_of_32769_bytes_closes_with_1009(app: App) -> None:
    client = app.client()
    client.ws.send("x" * (MAX_FRAME + 1))
    assert client.close_code() == 1009


@source(QUOTAS)
def test_a_message_of_131072_bytes_in_frames_is_accepted(app: App) -> None:
    text = b"x" * MAX_MESSAGE
    assert app.client().report_of(pieces(text))["body"] == digest(text)


@source(QUOTAS, OVERVIEW)
def test_a_message_of_131073_bytes_closes_with_1009(app: App) -> None:
    client = app.client()
    with suppress(ConnectionClosed):  # by the time the library ends the message with an empty fragment
        client.ws.send(iter(pieces(b"x" * (MAX_MESSAGE + 1))), text=True)
    assert client.close_code() == 1009


@source(QUOTAS + ": bytes, not characters")
def test_sizes_are_of_bytes_not_of_characters(app: App) -> None:
    client = app.client()
    client.ws.send("ä" * (MAX_FRAME // 2 + 1))
    assert client.close_code() == 1009


@source(QUOTAS)
def test_fragments_are_one_message(app: App) -> None:
    event = app.client().report_of([b'{"rou', b'te":"', b'report"}'])["event"]
    assert (event["requestContext"]["routeKey"], event["body"]) == ("report", '{"route":"report"}')


@source(QUOTAS, "RFC 6455, 5.6: a fragment need not be valid UTF-8 by itself")
def test_a_fragment_may_end_inside_a_character(app: App) -> None:
    text = "größe ☺".encode()
    assert app.client().report_of(pieces(text, 1))["body"] == digest(text)


@source(BINARY, OVERVIEW)
@pytest.mark.parametrize("payload", [b"\x00\x01", b'{"route":"report"}', b""], ids=["bytes", "text", "empty"])
def test_a_binary_frame_closes_with_1003(app: App, payload: bytes) -> None:
    client = app.client()
    client.ws.send(payload)
    assert client.close_code() == 1003
