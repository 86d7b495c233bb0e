"""The console as its page uses it: files, access, the feed and commands."""

import contextlib
import http.client
import json
import re
from collections.abc import Generator
from typing import Any

import pytest
from google.protobuf.wrappers_pb2 import Int64Value
from websockets.exceptions import InvalidStatus

from pushwire import Direction, Format, Operation
from pushwire.frame import encode
from pushwire.gateway import (
    CustomDomain,
    DropRequest,
    GatewaySettings,
    Limits,
    MessageOrder,
    SettingsError,
)
from pushwire.testing import RunningGateway, local_gateway
from tests.gateway.world import SECONDS, Recorder, exchange, handshake, raw_socket, read_to_end
from tests.support.compiled import messages

LEAF = messages()["wire.v1.Leaf"]
EVERYTHING = messages()["wire.v1.Everything"]
CONSOLE = GatewaySettings(console=True)


def operation(name: str, direction: Direction, message_type: Any = LEAF, **options: Any) -> Operation[Any]:
    return Operation("wire.v1.WireService", name, name, direction, message_type, **options)


JOIN = operation("Join", Direction.CLIENT_TO_SERVER)
GREET = operation("Greet", Direction.SERVER_TO_CLIENT)
PACKED = operation("Packed", Direction.BIDIRECTIONAL, format=Format.BINARY)
NUMBER = operation("Number", Direction.SERVER_TO_CLIENT, Int64Value)


class Handler(Recorder):
    operations = (JOIN, GREET, PACKED, NUMBER)


class Page:
    """The console's page, without a browser."""

    def __init__(self, gateway: RunningGateway) -> None:
        self.host = f"127.0.0.1:{gateway.gateway.port}"
        self._http = http.client.HTTPConnection(self.host, timeout=SECONDS)

    def get(self, path: str, **headers: str) -> Any:
        return self.request("GET", path, None, headers)

    def command(self, name: str, **arguments: Any) -> dict[str, Any]:
        response = self.post(f"/$console/{name}", json.dumps(arguments).encode())
        assert response.status == 200
        answer: dict[str, Any] = json.loads(response.content)
        return answer

    def post(self, path: str, body: bytes, **headers: str) -> Any:
        own = {"Origin": f"http://{self.host}", "Content-Type": "application/json"}
        return self.request("POST", path, body, own | headers)

    def request(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        self._http.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response: Any = self._http.getresponse()
        response.content = response.read()
        return response

    def close(self) -> None:
        self._http.close()


class Feed:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response

    def next(self, *kinds: str) -> Any:
        """Return the next event, or the next entry of certain kinds."""
        while True:
            name, data = self._event()
            if not kinds or data_kind(name, data) in kinds:
                return data

    def _event(self) -> tuple[str, Any]:
        name, data, blank = (self._response.readline().decode("ascii") for _ in range(3))
        assert blank == "\n"
        return name.removeprefix("event: ").strip(), json.loads(data.removeprefix("data: "))


def data_kind(name: str, data: Any) -> str:
    return data["kind"] if name == "entry" else name


@contextlib.contextmanager
def feed(gateway: RunningGateway) -> Generator[Feed]:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.gateway.port, timeout=SECONDS)
    with contextlib.closing(connection):
        connection.request("GET", "/$console/feed")
        response = connection.getresponse()
        assert response.getheader("Content-Type") == "text/event-stream"
        assert response.readline() + response.readline() == b"retry: 500\n\n"
        with contextlib.closing(response):
            yield Feed(response)


@contextlib.contextmanager
def console(handler: Any = None, **options: Any) -> Generator[tuple[RunningGateway, Page]]:
    settings = options.pop("settings", CONSOLE)
    with local_gateway(handler or Handler(), settings=settings, **options) as gateway:
        page = Page(gateway)
        with contextlib.closing(page):
            yield gateway, page


# The page and its files


def test_the_page_is_outside_every_stage_and_allows_its_own_files_only() -> None:
    with console() as (_, page):
        index = page.get("/")
        assert index.status == 200
        assert index.getheader("Content-Type") == "text/html; charset=utf-8"
        policy = index.getheader("Content-Security-Policy")
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert page.get("/local").status == 426
        assert page.get("/prod").status == 403
        assert page.request("HEAD", "/", None, {}).status == 200


def test_every_file_that_the_page_names_is_served_and_none_is_elsewhere() -> None:
    with console() as (_, page):
        names = {"/"}
        seen: set[str] = set()
        while names - seen:
            path = (names - seen).pop()
            seen.add(path)
            response = page.get(path)
            assert response.status == 200, path
            text = response.content.decode()
            assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text), path
            names |= set(re.findall(r'(?:href|src)="(/[^"]*)"', text))
            names |= {f"/$console/{name}" for name in re.findall(r'from "\./([^"]+)"', text)}
        assert {"/$console/form.js", "/$console/icon.svg"} <= seen


@pytest.mark.parametrize(
    "path", ["/$console/", "/$console/nothing.js", "/$console/..%2Fpage.py", "/$console/index.html"]
)
def test_what_is_no_file_of_the_page_is_404(path: str) -> None:
    with console() as (_, page):
        assert page.get(path).status == 404


def test_there_is_no_console_unless_it_is_asked_for() -> None:
    with console(settings=GatewaySettings()) as (gateway, page):
        assert gateway.gateway.console_url is None
        for path in ("/", "/$console/feed", "/$console/console.js"):
            assert page.get(path).status == 403
        assert page.post("/$console/encode", b"{}").status == 403


def test_there_is_none_on_a_custom_domain_where_every_path_is_the_apis() -> None:
    with pytest.raises(SettingsError, match="custom_domain"):
        GatewaySettings(console=True, custom_domain=CustomDomain("ws.example.com"))


def test_no_client_can_connect_to_it() -> None:
    with console() as (gateway, _):
        assert b" 403 " in exchange(gateway.gateway, handshake(gateway.gateway, "/")).partition(b"\r\n")[0]


# Access


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:1", "[::1]:3001"])
def test_it_is_there_under_every_loopback_name(host: str) -> None:
    with console() as (_, page):
        assert page.get("/", Host=host).status == 200


@pytest.mark.parametrize(
    "host", ["rebound.example", "127.0.0.1.example:3001", "localhost.example", "localhost@evil", "127.0.0.2", "0.0.0.0"]
)
def test_a_site_whose_name_leads_here_gets_nothing(host: str) -> None:
    with console() as (_, page):
        for path in ("/", "/$console/feed", "/$console/console.js"):
            response = page.get(path, Host=host)
            assert response.status == 403
            assert b"this machine" in response.content
        assert page.post("/$console/encode", b"{}", Host=host, Origin=f"http://{host}").status == 403


@pytest.mark.parametrize("origin", ["null", "http://evil.example", "http://127.0.0.1:1", "https://{host}", ""])
def test_commands_of_another_origin_are_refused(origin: str) -> None:
    with console() as (gateway, page):
        client = gateway.connect()
        body = json.dumps({"connectionId": client.connection_id}).encode()
        response = page.post("/$console/drop", body, Origin=origin.format(host=page.host))
        assert response.status == 403
        client.send(JOIN, LEAF())
        assert gateway.connection_ids == (client.connection_id,)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"])
def test_commands_are_json(content_type: str) -> None:
    with console() as (_, page):
        assert page.post("/$console/encode", b"{}", Content_Type=content_type).status == 415
        assert page.post("/$console/encode", b"{}", Content_Type="application/json; charset=utf-8").status == 400


def test_commands_are_bounded_and_of_known_kinds_and_methods() -> None:
    with console() as (_, page):
        assert page.post("/$console/encode", b" " * 131_073).status == 413
        assert page.post("/$console/feed", b"{}").status == 404
        assert page.post("/", b"{}").status == 404
        assert page.request("DELETE", "/$console/encode", None, {}).status == 405


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"[" * 100_000, b'{"connectionId":5}', b'{"connectionId":true,"text":"x"}', b'{"text":"x"}'],
    ids=lambda body: repr(body[:20]),
)
def test_a_malformed_command_is_400(body: bytes) -> None:
    with console() as (_, page):
        assert page.post("/$console/send-as-client", body).status == 400


# The feed


def test_a_page_is_told_what_there_is_and_then_what_passes() -> None:
    handler = Handler()
    with console(handler) as (gateway, page), feed(gateway) as told:
        snapshot = told.next()
        assert snapshot["stage"] == "local"
        assert snapshot["connections"] == snapshot["entries"] == snapshot["faults"] == []
        assert [each["name"] for each in snapshot["operations"]] == ["Join", "Greet", "Packed", "Number"]
        assert snapshot["operations"][0]["schema"]["definitions"]["wire.v1.Leaf"]
        client = gateway.connect(headers={"User-Agent": "teapot/1"})
        connected = told.next("connected")
        assert connected["connectionId"] == client.connection_id
        assert (connected["sourceIp"], connected["userAgent"]) == ("127.0.0.1", "teapot/1")
        client.send(JOIN, LEAF(leaf_name="x", count=2**60))
        received = told.next("received")
        assert received["routeKey"] == "Join"
        assert received["frame"] == {
            "operation": "wire.v1.WireService.Join",
            "name": "Join",
            "format": "json",
            "message": {"leafName": "x", "count": str(2**60)},
        }
        assert told.next("invoked")["statusCode"] == 200
        page.command("send-as-server", connectionId=client.connection_id, text="hello")
        delivered = told.next("delivered")
        assert (delivered["text"], delivered["cause"]) == ("hello", "post")
        assert "neither JSON" in delivered["frame"]["reason"]
        called = told.next("called")
        assert (called["method"], called["status"]) == ("POST", 200)
        client.close(4000, "bye")
        ended = told.next("ended")
        assert (ended["code"], ended["reason"]) == (4000, "bye")


def test_frames_are_decoded_by_the_contract_in_their_own_direction() -> None:
    with console() as (gateway, page), feed(gateway) as told:
        client = gateway.connect()
        client.send(PACKED, LEAF(leaf_name="x"))
        packed = told.next("received")
        assert packed["routeKey"] == "$default"
        assert (packed["frame"]["format"], packed["frame"]["message"]) == ("binary", {"leafName": "x"})
        client.send_text(encode(GREET, LEAF()).decode())
        assert "no operation has this route" in told.next("received")["frame"]["reason"]
        page.command("send-as-server", connectionId=client.connection_id, text=encode(GREET, LEAF()).decode())
        assert told.next("delivered")["frame"]["name"] == "Greet"
        client.send_text('{"route":"Join","payload":{"leafName":5}}')
        assert "leafName" in told.next("received")["frame"]["reason"]


def test_failures_are_told_with_their_reason() -> None:
    handler = Handler(CONNECT={"statusCode": 401}, MESSAGE={"other": 1})
    with console(handler) as (gateway, _), feed(gateway) as told:
        with pytest.raises(InvalidStatus, match="401"):
            gateway.connect()
        assert told.next("refused")["status"] == 401
        handler.answers["CONNECT"] = {"statusCode": 200}
        client = gateway.connect()
        told.next("connected")
        client.send(JOIN, LEAF())
        assert "other" in told.next("invoked")["failure"]
        error = told.next("delivered")
        assert (error["cause"], error["frame"]) == ("error", {"error": "Internal server error"})


def test_without_a_contract_frames_are_text() -> None:
    with console(Recorder()) as (gateway, _), feed(gateway) as told:
        assert told.next()["operations"] == []
        gateway.connect().send_text("hello")
        received = told.next("received")
        assert (received["text"], received["frame"]) == ("hello", None)


def test_a_page_that_comes_later_is_told_what_has_passed_lately() -> None:
    with console() as (gateway, page):
        client = gateway.connect()
        for number in range(600):
            page.command("send-as-client", connectionId=client.connection_id, text=str(number))
        gateway.settled()
        with feed(gateway) as told:
            snapshot = told.next()
        assert len(snapshot["entries"]) == 500
        assert snapshot["connections"][0] | {"connectedAt": 0, "userAgent": ""} == {
            "connectionId": client.connection_id,
            "connectedAt": 0,
            "sourceIp": "127.0.0.1",
            "userAgent": "",
            "received": 600,
            "delivered": 0,
        }


def test_the_text_that_is_kept_is_bounded_too() -> None:
    with console() as (gateway, page):
        client = gateway.connect()
        for _ in range(5):
            page.command("send-as-client", connectionId=client.connection_id, text="x" * 100_000)
        gateway.settled()
        with feed(gateway) as told:
            kept = [entry for entry in told.next()["entries"] if entry["kind"] == "received"]
        assert len(kept) == 2


def test_a_page_that_does_not_read_is_dropped_and_the_others_are_not() -> None:
    settings = GatewaySettings(console=True, limits=Limits(console_bytes=65_536))
    with console(settings=settings) as (gateway, page), feed(gateway) as told, raw_socket(gateway.gateway) as slow:
        slow.sendall(f"GET /$console/feed HTTP/1.1\r\nHost: {page.host}\r\n\r\n".encode())
        client = gateway.connect()
        told.next("connected")
        for _ in range(200):
            page.command("send-as-client", connectionId=client.connection_id, text="x" * 100_000)
            told.next("received")
        with contextlib.suppress(ConnectionResetError):
            read_to_end(slow)


def test_a_page_is_told_of_another_contract_when_the_handlers_are_others() -> None:
    class Reloaded(Recorder):
        operations = (JOIN,)

    with console() as (gateway, page), feed(gateway) as told:
        assert len(told.next()["operations"]) == 4
        gateway.gateway.loop.call_soon_threadsafe(gateway.gateway.use_handlers, Reloaded())
        assert [each["name"] for each in told.next("snapshot")["operations"]] == ["Join"]
        assert "no operation" in page.command("encode", operation=GREET.full_name, frame="{}")["problem"]


def test_a_page_does_not_hold_up_the_end() -> None:
    with console() as (gateway, _), feed(gateway) as told:
        told.next()
        client = gateway.connect()
        client.close()


# Commands


def test_a_message_is_written_in_its_operations_own_format() -> None:
    with console() as (_, page):
        for each in (JOIN, PACKED):
            frame = json.dumps({"route": each.route, "payload": {"leaf_name": "x", "count": None}})
            expected = encode(each, LEAF(leaf_name="x")).decode()
            assert page.command("encode", operation=each.full_name, frame=frame) == {"text": expected}


def test_numbers_keep_all_their_digits() -> None:
    with console() as (_, page):
        frame = '{"route":"Number","payload":9223372036854775807}'
        assert page.command("encode", operation=NUMBER.full_name, frame=frame) == {
            "text": '{"route":"Number","payload":"9223372036854775807"}'
        }


@pytest.mark.parametrize(
    ("payload", "words"),
    [('{"count":"x"}', "count"), ('{"leafName":5}', "leafName"), ("[]", "expected an object"), ("{", "not JSON")],
)
def test_what_is_no_message_is_refused_with_the_reason(payload: str, words: str) -> None:
    with console() as (_, page):
        frame = f'{{"route":"Join","payload":{payload}}}'
        answer = page.command("encode", operation=JOIN.full_name, frame=frame)
        assert words in answer["problem"]


def test_a_message_sent_as_a_client_is_handled_as_that_clients() -> None:
    handler = Handler()
    with console(handler, settings=GatewaySettings(console=True, message_order=MessageOrder.SERIAL)) as (gateway, page):
        client, other = gateway.connect(), gateway.connect()
        for _ in (client, other):
            handler.next("CONNECT")
        for number in range(3):
            assert page.command("send-as-client", connectionId=other.connection_id, text=str(number)) == {}
        for number in range(3):
            event = handler.next("MESSAGE")
            assert event["requestContext"]["connectionId"] == other.connection_id
            assert event["body"] == str(number)
        client.close()
        handler.next("DISCONNECT")
        gone = page.command("send-as-client", connectionId=client.connection_id, text="x")
        assert gone["problem"] == f"{client.connection_id} is not connected"


def test_a_message_sent_as_the_server_is_a_post() -> None:
    with console() as (gateway, page):
        client = gateway.connect()
        assert page.command("send-as-server", connectionId=client.connection_id, text="é") == {}
        assert client.receive_text() == "é"
        gone = page.command("send-as-server", connectionId="AAAAAAAAAAAAAAA=", text="x")
        assert gone == {"problem": "410 GoneException"}
        with gateway.faults.inject(DropRequest()):
            cut = page.command("send-as-server", connectionId=client.connection_id, text="x")
        assert cut == {"problem": "The TCP connection was aborted"}


def test_a_text_that_no_frame_can_carry_is_not_sent() -> None:
    with console() as (gateway, page):
        client = gateway.connect()
        for name in ("send-as-client", "send-as-server"):
            assert "surrogate" in page.command(name, connectionId=client.connection_id, text="\ud800")["problem"]


def test_a_client_can_be_disconnected_cut_and_silenced() -> None:
    with console() as (gateway, page):
        clients = [gateway.connect() for _ in range(3)]
        silenced, cut, disconnected = clients
        assert page.command("silence", connectionId=silenced.connection_id) == {}
        assert page.command("send-as-server", connectionId=silenced.connection_id, text="x") == {}
        assert page.command("send-as-client", connectionId=silenced.connection_id, text="x") == {}
        assert page.command("drop", connectionId=cut.connection_id) == {}
        assert cut.wait_closed().code == 1006
        assert page.command("disconnect", connectionId=disconnected.connection_id) == {}
        assert disconnected.wait_closed().code == 1000
        page.command("disconnect", connectionId=silenced.connection_id)
        for gone in (cut, disconnected):
            assert "not connected" in page.command("drop", connectionId=gone.connection_id)["problem"]
            assert "410" in page.command("disconnect", connectionId=gone.connection_id)["problem"]


def test_faults_are_injected_told_and_removed() -> None:
    with console() as (gateway, page), feed(gateway) as told:
        kinds = {each["kind"]: each for each in told.next()["kindsOfFaults"]}
        assert kinds["AnswerWith"]["numbers"] == [{"name": "status", "default": 429}]
        assert kinds["Delay"]["numbers"][0] == {"name": "seconds", "default": 1}
        client = gateway.connect()
        command = {"kind": "AnswerWith", "numbers": {"status": 410}, "connectionId": client.connection_id, "times": 2}
        assert page.command("inject", **command) == {}
        [injected] = told.next("faults")
        assert (injected["fault"], injected["count"]) == ("AnswerWith(status=410)", 0)
        refused = page.command("send-as-server", connectionId=client.connection_id, text="x")
        assert refused == {"problem": "410 GoneException"}
        assert told.next("faults")[0]["count"] == 1
        assert page.command("remove", id=injected["id"]) == {}
        assert told.next("faults") == []
        assert page.command("send-as-server", connectionId=client.connection_id, text="x") == {}


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ({"kind": "AnswerWith", "numbers": {"status": 200}}, "429"),
        ({"kind": "AnswerWith", "numbers": {"status": 429.5}}, "integer"),
        ({"kind": "AnswerWith", "numbers": {}}, "status"),
        ({"kind": "Delay", "numbers": {"seconds": -1}}, "at least 0"),
        ({"kind": "Delay", "numbers": {"seconds": None}}, "seconds"),
        ({"kind": "Delay", "numbers": {"seconds": True}}, "seconds"),
        ({"kind": "Duplicate", "numbers": {"other": 1}}, "other"),
        ({"kind": "Duplicate", "numbers": {}, "times": 0}, "times"),
        ({"kind": "Duplicate", "numbers": {}, "probability": 2}, "probability"),
        ({"kind": "Nothing", "numbers": {}}, "unknown fault 'Nothing'"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_a_fault_that_cannot_be_is_refused_with_the_reason(command: dict[str, Any], words: str) -> None:
    with console() as (gateway, page):
        assert words in page.command("inject", **command)["problem"]
        assert gateway.faults.injections == ()
