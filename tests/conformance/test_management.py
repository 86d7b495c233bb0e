"""The management API, `@connections`, with unmodified boto3 and aiobotocore."""

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.exceptions import ConnectionClosed

from tests.conformance.clients import App
from tests.conformance.management import NOBODY, Http, Management, connection_url, error_of, refusal_of
from tests.conformance.sources import (
    ACCOUNT_QUOTAS,
    CONNECTIONS,
    DELETED,
    GONE_ARTICLE,
    INVALID_ID,
    MODEL,
    UNKNOWN_ID,
    capture,
    source,
)

MAX_PAYLOAD = 131_072
FULL_BUFFER_POSTS = 500
"""The maximum number of accepted large posts to a client that does not read: 64 MB."""

MALFORMED = "ckv1x3s9b0000qzrm5h2f7y8t"
"""A cuid, the form of ids that the real service has refused."""

operations = pytest.mark.parametrize("operation", ["post", "get", "delete"])


def refusal(management: Management, operation: str, connection_id: str) -> tuple[int, str]:
    """Return the error of an operation on a connection."""
    if operation == "post":
        return refusal_of(error_of(lambda: management.post(connection_id, b"x")))
    return refusal_of(error_of(lambda: getattr(management, operation)(connection_id)))


@source(CONNECTIONS, MODEL)
def test_a_post_is_200_and_has_no_body(app: App, http: Http) -> None:
    client = app.client()
    response = http.request("POST", connection_url(app.stage.callback_url, client.id), b"hello")
    assert (response.status_code, response.content) == (200, b"")
    assert client.receive() == "hello"


@source(CONNECTIONS, capture("text at clients in every transcript of a post"))
def test_bytes_arrive_as_text(app: App, management: Management) -> None:
    client = app.client()
    management.post(client.id, "grüß dich ☺".encode())
    assert client.receive() == "grüß dich ☺"


@source(MODEL + ": Data is a blob, which botocore encodes in UTF-8")
def test_a_string_arrives_as_itself(app: App, management: Management) -> None:
    client = app.client()
    management.post(client.id, "grüß dich ☺")
    assert client.receive() == "grüß dich ☺"


@source(CONNECTIONS, "each post was answered before the next is sent")
def test_posts_one_after_the_other_are_one_message_each_in_order(app: App, management: Management) -> None:
    client = app.client()
    texts = [str(number) for number in range(20)]
    for text in texts:
        management.post(client.id, text)
    assert [client.receive() for _ in texts] == texts


@source(CONNECTIONS)
def test_a_post_reaches_its_connection_and_no_other(app: App, management: Management) -> None:
    first, second = app.client(), app.client()
    management.post(first.id, b"for the first")
    assert first.receive() == "for the first"
    assert second.is_there()


@source(MODEL + ": at most 131,072 bytes")
@pytest.mark.parametrize("size", [32_768, 32_769, MAX_PAYLOAD])
def test_a_post_of_up_to_131072_bytes_arrives_whole(app: App, management: Management, size: int) -> None:
    client = app.client()
    text = "x" * size
    management.post(client.id, text)
    assert client.receive() == text


@source(MODEL + ": at most 131,072 bytes")
def test_large_text_arrives_whole_wherever_its_frames_are_cut(app: App, management: Management) -> None:
    client = app.client()
    text = "x" + "ä☺" * 20_000
    management.post(client.id, text)
    assert client.receive() == text


@source(MODEL + ": PayloadTooLargeException")
@pytest.mark.parametrize("size", [MAX_PAYLOAD + 1, 200_000])
def test_a_post_of_more_is_413(app: App, management: Management, size: int) -> None:
    client = app.client()
    assert refusal_of(error_of(lambda: management.post(client.id, bytes(size)))) == (413, "PayloadTooLargeException")
    assert client.is_there()


@source(UNKNOWN_ID, MODEL + ": GoneException")
@operations
def test_an_id_that_never_was_is_410(app: App, management: Management, operation: str) -> None:
    assert refusal(management, operation, NOBODY) == (410, "GoneException")


@source(UNKNOWN_ID, MODEL + ": GoneException")
@operations
def test_the_id_of_a_client_that_left_is_410(app: App, management: Management, operation: str) -> None:
    client = app.client()
    client.ws.close()
    client.disconnected()
    assert refusal(management, operation, client.id) == (410, "GoneException")


@source(GONE_ARTICLE)
def test_a_client_that_comes_again_has_another_id_and_the_old_one_is_410(app: App, management: Management) -> None:
    first = app.client()
    first.ws.close()
    first.disconnected()
    second = app.client()
    assert second.id != first.id
    assert refusal(management, "post", first.id) == (410, "GoneException")
    assert second.is_there()


@source(
    "without the header x-amzn-ErrorType botocore cannot raise GoneException, as it does with API Gateway",
    capture("SDKs that fail to read the empty body of a 410 as JSON"),
)
def test_a_410_names_its_type_in_a_header_and_says_nothing_in_its_body(app: App, http: Http) -> None:
    response = http.request("POST", connection_url(app.stage.callback_url, NOBODY), b"x")
    assert response.status_code == 410
    assert response.headers["x-amzn-ErrorType"].partition(":")[0] == "GoneException"
    assert response.content == b""


@source(INVALID_ID)
@operations
def test_an_id_of_another_form_is_400(app: App, management: Management, operation: str) -> None:
    assert refusal(management, operation, MALFORMED)[0] == 400


@source(INVALID_ID)
def test_the_error_of_a_400_names_the_id(app: App, management: Management) -> None:
    error = error_of(lambda: management.post(MALFORMED, b"x")).response["Error"]
    found = (error["Code"], error["Message"])
    assert found == ("BadRequestException", f"Invalid connectionId: {MALFORMED}")


@source(CONNECTIONS + ": %40connections and %3D in its examples", "botocore sends @connections and %3D")
@pytest.mark.parametrize("segment", ["@connections", "%40connections"])
@pytest.mark.parametrize("equals", ["=", "%3D"])
def test_every_spelling_of_a_connections_path_names_it(app: App, http: Http, segment: str, equals: str) -> None:
    client = app.client()
    url = f"{app.stage.callback_url}/{segment}/{client.id.replace('=', equals)}"
    http.request("POST", url, b"found")
    assert client.receive() == "found"


@source(
    capture('403 {"message":"Forbidden"} for a stage that does not exist, in issues of the SDKs for PHP and JavaScript')
)
def test_another_stage_is_403(app: App, http: Http) -> None:
    response = http.request(
        "POST", connection_url(app.stage.sibling("no-such-stage").callback_url, app.client().id), b"x"
    )
    assert response.status_code == 403
    assert json.loads(response.content) == {"message": "Forbidden"}


@source(MODEL + ": wire names of GetConnection, times in ISO 8601")
def test_get_answers_in_the_names_and_the_format_of_the_model(app: App, http: Http) -> None:
    client = app.client(user_agent_header="conformance/1")
    response = http.request("GET", connection_url(app.stage.callback_url, client.id))
    assert response.status_code == 200
    answer = json.loads(response.content)
    assert answer.keys() == {"connectedAt", "lastActiveAt", "identity"}
    assert dt.datetime.fromisoformat(answer["connectedAt"]).tzinfo is not None
    assert dt.datetime.fromisoformat(answer["lastActiveAt"]).tzinfo is not None
    assert answer["identity"].keys() == {"sourceIp", "userAgent"}


@source(MODEL)
def test_get_tells_what_the_events_tell(app: App, management: Management) -> None:
    client = app.client(user_agent_header="conformance/1")
    context = client.connected["requestContext"]
    answer = management.get(client.id)
    told = {"SourceIp": context["identity"]["sourceIp"], "UserAgent": "conformance/1"}
    assert answer["Identity"] == told
    assert abs(answer["ConnectedAt"].timestamp() - context["connectedAt"] / 1_000) <= 1
    assert answer["LastActiveAt"] >= answer["ConnectedAt"].replace(microsecond=0)


@source(CONNECTIONS, MODEL)
def test_delete_is_204(app: App, management: Management) -> None:
    assert management.delete(app.client().id)["ResponseMetadata"]["HTTPStatusCode"] == 204


@source(CONNECTIONS)
def test_delete_ends_the_connection_of_the_client(app: App, management: Management) -> None:
    client = app.client()
    management.delete(client.id)
    with pytest.raises(ConnectionClosed):
        client.ws.recv(app.patience)


@source(DELETED)
def test_delete_runs_disconnect_with_1000_and_this_reason(app: App, management: Management) -> None:
    client = app.client()
    management.delete(client.id)
    context = client.disconnected()["requestContext"]
    told = (context["disconnectStatusCode"], context["disconnectReason"])
    assert told == (1000, "Connection Closed Normally")


@source(UNKNOWN_ID, MODEL)
@operations
def test_a_deleted_connection_is_410(app: App, management: Management, operation: str) -> None:
    client = app.client()
    management.delete(client.id)
    client.disconnected()
    assert refusal(management, operation, client.id) == (410, "GoneException")


@source(GONE_ARTICLE)
@pytest.mark.parametrize("operation", ["post", "get"])
def test_while_connect_runs_its_own_connection_is_410(app: App, operation: str) -> None:
    client = app.client(query={"early": operation})
    assert client.report["early"] == {"status": 410, "exception": "GoneException"}
    assert client.is_there()


@source(MODEL + ": LimitExceededException, or the WebSocket client side buffer is full", ACCOUNT_QUOTAS)
def test_posts_to_a_client_that_does_not_read_become_429(app: App, management: Management) -> None:
    client = app.client(max_queue=1, close_timeout=0.1)

    def flood() -> None:
        for _ in range(FULL_BUFFER_POSTS):
            management.post(client.id, bytes(MAX_PAYLOAD))

    assert refusal_of(error_of(flood)) == (429, "LimitExceededException")


@source(CONNECTIONS)
def test_posts_of_several_servers_at_once_all_arrive_whole(app: App, http: Http) -> None:
    client = app.client()
    texts = [str(number) * 40_000 for number in range(4)]
    url = connection_url(app.stage.callback_url, client.id)
    with ThreadPoolExecutor() as servers:
        for text in texts:
            servers.submit(http.request, "POST", url, text)
        assert {client.receive() for _ in texts} == set(texts)
