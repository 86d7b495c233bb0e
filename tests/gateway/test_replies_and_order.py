"""Route responses, and the order in which messages are handled."""

import json
import threading
from typing import Any

import pytest

from pushwire.gateway import GatewaySettings, Limits, LocalGateway, MessageOrder, RouteError
from pushwire.gateway.transcript import Delivered, Invoked
from pushwire.testing import local_gateway
from tests.gateway.world import SECONDS, Event, Recorder


def reply(event: Event, _context: object) -> dict[str, Any]:
    context = event["requestContext"]
    body = {"CONNECT": "never sent", "DISCONNECT": "never sent"}.get(context["eventType"], event.get("body"))
    return {"statusCode": 200, "body": body}


def text(route: str, **more: Any) -> str:
    return json.dumps({"route": route, **more})


def test_a_body_is_sent_only_where_a_route_response_is() -> None:
    with local_gateway(reply, route_responses=["Echo"]) as gateway, gateway.connect() as client:
        client.send_text(text("Quiet"))
        client.send_text("no JSON")
        gateway.settled()
        client.send_text(text("Echo", payload={"x": "ä"}))
        assert json.loads(client.receive_text()) == {"route": "Echo", "payload": {"x": "ä"}}
        gateway.settled()
        assert [entry.cause for entry in gateway.transcript.of(Delivered)] == ["reply"]


def test_the_default_route_may_reply_too() -> None:
    with local_gateway(reply, route_responses=["$default"]) as gateway, gateway.connect() as client:
        client.send_text("no JSON")
        assert client.receive_text() == "no JSON"


def test_no_body_is_no_reply_and_an_empty_one_is() -> None:
    recorder = Recorder(MESSAGE=lambda event: {"statusCode": 200} | json.loads(event["body"])["payload"])
    with local_gateway(recorder, route_responses=["Echo"]) as gateway, gateway.connect() as client:
        client.send_text(text("Echo", payload={}))
        gateway.settled()
        client.send_text(text("Echo", payload={"body": ""}))
        assert client.receive_text() == ""


def test_a_body_that_is_no_websocket_message_is_an_error() -> None:
    recorder = Recorder(MESSAGE={"statusCode": 200, "body": "ä" * 65_537})
    with local_gateway(recorder, route_responses=["Echo"]) as gateway, gateway.connect() as client:
        client.send_text(text("Echo"))
        assert client.receive_error().message == "Internal server error"


@pytest.mark.parametrize("key", ["$connect", "$disconnect", "Nowhere"])
def test_a_route_response_belongs_to_a_message_route(key: str) -> None:
    with pytest.raises(RouteError, match="route response"):
        LocalGateway(reply, routes={"Somewhere": reply}, route_responses=[key])


class Meeting:
    """A handler that waits in each call until it is released, and counts its concurrent calls."""

    def __init__(self) -> None:
        self.go_on = threading.Semaphore(0)
        self.arrived = threading.Semaphore(0)
        self.order: list[str] = []

    def __call__(self, event: Event, _context: object) -> dict[str, int]:
        kind = event["requestContext"]["eventType"]
        if kind == "MESSAGE":
            self.arrived.release()
            assert self.go_on.acquire(timeout=SECONDS)
        self.order.append(event.get("body", kind))
        return {"statusCode": 200}


def test_messages_of_one_connection_are_handled_at_the_same_time() -> None:
    meeting = Meeting()
    settings = GatewaySettings(limits=Limits(instances=3))
    with local_gateway(meeting, settings=settings) as gateway, gateway.connect() as client:
        for number in range(3):
            client.send_text(str(number))
        for _ in range(3):
            assert meeting.arrived.acquire(timeout=SECONDS)
        meeting.go_on.release(3)


def test_or_one_after_the_other_and_the_end_comes_last() -> None:
    meeting = Meeting()
    settings = GatewaySettings(message_order=MessageOrder.SERIAL, limits=Limits(instances=2))
    with local_gateway(meeting, settings=settings) as gateway:
        client, other = gateway.connect(), gateway.connect()
        for number in range(3):
            client.send_text(str(number))
        client.close()
        other.send_text("other")
        for _ in range(2):  # the first one of each connection
            assert meeting.arrived.acquire(timeout=SECONDS)
        assert not meeting.arrived.acquire(blocking=False)
        meeting.go_on.release(4)
        gateway.settled()
        order = [entry for entry in meeting.order if entry not in {"CONNECT", "other"}]
    assert order == ["0", "1", "2", "DISCONNECT"]


def test_a_handler_takes_one_event_at_a_time() -> None:
    meeting = Meeting()
    with local_gateway(meeting) as gateway:
        clients = [gateway.connect() for _ in range(3)]
        for client in clients:
            client.send_text("x")
        assert meeting.arrived.acquire(timeout=SECONDS)
        assert not meeting.arrived.acquire(blocking=False)
        meeting.go_on.release(3)
        gateway.settled()
        assert len([entry for entry in gateway.transcript.of(Invoked) if entry.event.get("body") == "x"]) == 3


def test_a_serial_connection_goes_on_after_a_failure() -> None:
    recorder = Recorder(MESSAGE=lambda event: 1 / 0 if event["body"] == "bad" else {"statusCode": 200})
    settings = GatewaySettings(message_order=MessageOrder.SERIAL)
    with local_gateway(recorder, settings=settings) as gateway, gateway.connect() as client:
        client.send_text("bad")
        client.send_text("good")
        recorder.next("CONNECT")
        assert [recorder.next("MESSAGE")["body"] for _ in range(2)] == ["bad", "good"]
        assert client.receive_error().message == "Internal server error"


def test_what_a_handler_does_to_its_event_is_its_own_affair() -> None:
    def spoil(event: Event, _context: object) -> dict[str, int]:
        kind = event["requestContext"]["eventType"]
        event.clear()
        if kind == "MESSAGE":
            raise ValueError("after that")
        return {"statusCode": 200}

    with local_gateway(spoil) as gateway, gateway.connect() as client:
        client.send_text("x")
        assert client.receive_error().connection_id == client.connection_id
        gateway.settled()
        assert gateway.transcript.of(Invoked)[-1].event["body"] == "x"
