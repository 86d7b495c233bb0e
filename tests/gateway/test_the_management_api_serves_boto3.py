"""`/{stage}/@connections/{id}`: the results and errors of boto3, and the responses on the wire."""

import datetime as dt
import json
import threading

import pytest
from botocore.exceptions import ClientError

from pushwire.gateway import GatewaySettings, LocalGateway
from tests.gateway.conftest import Boto3
from tests.gateway.world import (
    SECONDS,
    Event,
    Recorder,
    client,
    connection_id,
    exchange,
    handshake,
    raw_socket,
    serving,
    visit,
)

GONE = "R0oXAdfD0kwCH6w="  # well-formed, but unknown


def request(gateway: LocalGateway, method: str, path: str, body: bytes = b"", headers: str = "") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return exchange(gateway, head.encode() + body)


def test_a_post_is_200_with_an_empty_body(boto3_client: Boto3) -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, client(gateway) as ws:
        response = boto3_client(gateway).post_to_connection(
            ConnectionId=connection_id(recorder.next("CONNECT")), Data=b"x"
        )
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 200
        assert response["ResponseMetadata"]["HTTPHeaders"]["content-length"] == "0"
        assert ws.recv(SECONDS) == "x"


def test_an_empty_post_is_an_empty_text_message(boto3_client: Boto3) -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, client(gateway) as ws:
        boto3_client(gateway).post_to_connection(ConnectionId=connection_id(recorder.next("CONNECT")), Data=b"")
        assert ws.recv(SECONDS) == ""


@pytest.mark.parametrize("spelling", ["/local/@connections/{raw}", "/local/%40connections/{raw}"])
@pytest.mark.parametrize("equals", ["=", "%3D", "%3d"])
def test_every_spelling_of_the_path_names_the_connection(spelling: str, equals: str) -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, client(gateway) as ws:
        path = spelling.format(raw=connection_id(recorder.next("CONNECT")).replace("=", equals))
        assert request(gateway, "POST", path, b"found").startswith(b"HTTP/1.1 200 OK\r\n")
        assert ws.recv(SECONDS) == "found"


def test_a_chunked_post_is_read() -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, client(gateway) as ws:
        path = f"/local/@connections/{connection_id(recorder.next('CONNECT'))}"
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        exchange(gateway, head.encode() + b"3\r\none\r\n4;ext=1\r\n two\r\n0\r\nTrailer: x\r\n\r\n")
        assert ws.recv(SECONDS) == "one two"


def test_a_client_that_expects_100_continue_gets_it_before_its_body() -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, client(gateway) as ws, raw_socket(gateway) as sock:
        path = f"/local/@connections/{connection_id(recorder.next('CONNECT'))}"
        sock.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n".encode())
        assert sock.recv(1_000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"hi")
        assert sock.recv(1_000).startswith(b"HTTP/1.1 200 OK\r\n")
        assert ws.recv(SECONDS) == "hi"


def test_a_body_that_would_be_too_large_gets_413_instead_of_100_continue() -> None:
    with serving(Recorder()) as gateway:
        head = "Content-Length: 131073\r\nExpect: 100-continue\r\n\r\n"
        answer = exchange(gateway, f"POST /local/@connections/{GONE} HTTP/1.1\r\nHost: x\r\n{head}".encode())
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_get_tells_the_times_and_who_the_client_is(boto3_client: Boto3) -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, client(gateway, user_agent_header="tester/1") as ws:
        event = recorder.next("CONNECT")
        boto3, identifier = boto3_client(gateway), connection_id(event)
        first = boto3.get_connection(ConnectionId=identifier)
        assert first["Identity"] == {"SourceIp": "127.0.0.1", "UserAgent": "tester/1"}
        connected = dt.datetime.fromtimestamp(event["requestContext"]["connectedAt"] / 1000, dt.UTC)
        assert first["ConnectedAt"] == first["LastActiveAt"] == connected
        ws.send("x")
        recorder.next("MESSAGE")
        assert boto3.get_connection(ConnectionId=identifier)["LastActiveAt"] >= connected


def test_get_writes_iso_8601_and_leaves_out_what_the_client_did_not_send() -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, client(gateway, user_agent_header=None):
        identifier = connection_id(recorder.next("CONNECT"))
        answer = request(gateway, "GET", f"/local/@connections/{identifier}")
    value = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert list(value) == ["connectedAt", "lastActiveAt", "identity"]
    assert dt.datetime.fromisoformat(value["connectedAt"]).tzinfo == dt.UTC
    assert value["connectedAt"].endswith("Z")
    assert value["identity"] == {"sourceIp": "127.0.0.1"}


def test_delete_is_204_closes_the_socket_and_fires_disconnect(boto3_client: Boto3) -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, client(gateway) as ws:
        boto3, identifier = boto3_client(gateway), connection_id(recorder.next("CONNECT"))
        assert boto3.delete_connection(ConnectionId=identifier)["ResponseMetadata"]["HTTPStatusCode"] == 204
        context = recorder.next("DISCONNECT")["requestContext"]
        assert (context["disconnectStatusCode"], context["disconnectReason"]) == (1000, "Connection Closed Normally")
        with pytest.raises(boto3.exceptions.GoneException):
            boto3.delete_connection(ConnectionId=identifier)
        assert [*ws] == []
        assert ws.close_code == 1000
    assert recorder.nothing_more()


def test_boto3_raises_gone_for_an_id_that_left_and_for_one_that_never_was(boto3_client: Boto3) -> None:
    recorder = Recorder()
    with serving(recorder) as gateway:
        visit(gateway)
        boto3, left = boto3_client(gateway), connection_id(recorder.next("CONNECT"))
        recorder.next("DISCONNECT")
        for identifier in (left, GONE):
            with pytest.raises(boto3.exceptions.GoneException) as caught:
                boto3.post_to_connection(ConnectionId=identifier, Data=b"x")
            assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 410
            with pytest.raises(boto3.exceptions.GoneException):
                boto3.get_connection(ConnectionId=identifier)


def test_a_410_has_no_body_and_names_its_type_in_the_header() -> None:
    with serving(Recorder()) as gateway:
        answer = request(gateway, "POST", f"/local/@connections/{GONE}", b"x")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[:2] == [b"HTTP/1.1 410 Gone", b"x-amzn-ErrorType: GoneException"]
    assert body == b""


def test_posts_and_gets_during_connect_are_gone_and_work_afterwards(boto3_client: Boto3) -> None:
    recorder = Recorder()
    caught: list[object] = []
    with serving(recorder) as gateway:
        boto3 = boto3_client(gateway)

        def too_early(event: Event) -> dict[str, int]:
            with pytest.raises(boto3.exceptions.GoneException) as error:
                boto3.post_to_connection(ConnectionId=connection_id(event), Data=b"x")
            caught.append(error)
            with pytest.raises(boto3.exceptions.GoneException) as error:
                boto3.get_connection(ConnectionId=connection_id(event))
            caught.append(error)
            return {"statusCode": 200}

        recorder.answers["CONNECT"] = too_early
        with client(gateway) as ws:
            assert len(caught) == 2
            boto3.post_to_connection(ConnectionId=connection_id(recorder.next("CONNECT")), Data=b"now")
            assert ws.recv(SECONDS) == "now"


@pytest.mark.parametrize(
    "identifier", ["abc", "ckv1x3s9b0000", "R0oXAdfD0kwCH6w", "R0oXAdfD0kwCH6w==", "R0oXAdfD0kw CH6=", "é"]
)
def test_an_id_of_another_form_is_400_invalid_connection_id(identifier: str, boto3_client: Boto3) -> None:
    with serving(Recorder()) as gateway, pytest.raises(ClientError) as caught:
        boto3_client(gateway).post_to_connection(ConnectionId=identifier, Data=b"x")
    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("BadRequestException", f"Invalid connectionId: {identifier}")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_131_072_bytes_arrive_in_fragments_of_32_kb_and_one_more_is_413(boto3_client: Boto3) -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, client(gateway) as ws:
        boto3, identifier = boto3_client(gateway), connection_id(recorder.next("CONNECT"))
        text = ("ä" * 65_536).encode()
        boto3.post_to_connection(ConnectionId=identifier, Data=text)
        fragments = list(ws.recv_streaming(decode=False))
        assert [len(fragment) for fragment in fragments] == [32_768] * 4
        assert b"".join(fragments) == text
        with pytest.raises(boto3.exceptions.PayloadTooLargeException):
            boto3.post_to_connection(ConnectionId=identifier, Data=text + b"x")
        with pytest.raises(boto3.exceptions.PayloadTooLargeException):
            boto3.post_to_connection(ConnectionId=identifier, Data=bytes(3_000_000))
        boto3.post_to_connection(ConnectionId=identifier, Data=b"\xc3\xa4" * 16_384 + b"!")
        assert ws.recv(SECONDS) == "ä" * 16_384 + "!"


def test_a_cut_inside_a_character_does_not_harm_it(boto3_client: Boto3) -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, client(gateway) as ws:
        text = "x" + "ä" * 40_000
        boto3_client(gateway).post_to_connection(ConnectionId=connection_id(recorder.next("CONNECT")), Data=text)
        assert ws.recv(SECONDS) == text


def test_bytes_that_are_no_text_are_400_and_no_frame_is_sent(boto3_client: Boto3) -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, client(gateway) as ws:
        boto3, identifier = boto3_client(gateway), connection_id(recorder.next("CONNECT"))
        with pytest.raises(ClientError, match="not valid UTF-8 \\(byte 2\\)"):
            boto3.post_to_connection(ConnectionId=identifier, Data=b"ok\xff")
        boto3.post_to_connection(ConnectionId=identifier, Data=b"next")
        assert ws.recv(SECONDS) == "next"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"/prod/@connections/{GONE}"),
        ("POST", f"/@connections/{GONE}"),
        ("POST", f"/local/local/@connections/{GONE}"),
        ("POST", f"/local/@connections/{GONE}/more"),
        ("POST", "/local/@connections/"),
        ("POST", "/local/@connections"),
        ("POST", "/local"),
        ("PUT", f"/local/@connections/{GONE}"),
        ("OPTIONS", "*"),
        ("GET", "http://127.0.0.1/local"),
    ],
)
def test_another_stage_path_or_method_is_403_forbidden(method: str, path: str) -> None:
    with serving(Recorder()) as gateway:
        answer = request(gateway, method, path)
    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert b"x-amzn-ErrorType: ForbiddenException\r\n" in answer
    assert answer.endswith(b'\r\n\r\n{"message":"Forbidden"}')


def test_boto3_raises_forbidden_for_another_stage(boto3_client: Boto3) -> None:
    with serving(Recorder(), settings=GatewaySettings(stage="prod")) as gateway:
        boto3 = boto3_client(gateway)
        boto3.meta.events.register(
            "before-send", lambda request, **_: setattr(request, "url", request.url.replace("prod", "dev"))
        )
        with pytest.raises(boto3.exceptions.ForbiddenException):
            boto3.get_connection(ConnectionId=GONE)


def test_a_client_that_does_not_read_gets_its_posts_refused_with_429(boto3_client: Boto3) -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, raw_socket(gateway) as sock:
        sock.sendall(handshake(gateway))
        boto3, identifier = boto3_client(gateway), connection_id(recorder.next("CONNECT"))
        sock.recv(1_000)

        def flood() -> None:
            for _ in range(1_000):
                boto3.post_to_connection(ConnectionId=identifier, Data=b"x" * 131_072)

        with pytest.raises(boto3.exceptions.LimitExceededException):
            flood()


def test_posts_of_many_threads_at_once_all_arrive_whole(boto3_client: Boto3) -> None:
    recorder = Recorder()
    with serving(recorder) as gateway, client(gateway, max_queue=None) as ws:
        boto3, identifier = boto3_client(gateway), connection_id(recorder.next("CONNECT"))
        texts = [str(number) * 40_000 for number in range(8)]
        threads = [
            threading.Thread(target=boto3.post_to_connection, kwargs={"ConnectionId": identifier, "Data": text})
            for text in texts
        ]
        for thread in threads:
            thread.start()
        assert {ws.recv(SECONDS) for _ in texts} == set(texts)
        for thread in threads:
            thread.join()
