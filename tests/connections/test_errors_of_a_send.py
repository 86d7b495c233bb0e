"""Each error of a send, provoked by a real server through real boto3: the class, its data, the attempts."""

import socket
from collections.abc import Iterator

import boto3
import botocore.exceptions
import pytest
from botocore.config import Config
from tests.support.fault_server import (
    FaultServer,
    answer,
    cut_in_the_body,
    no_http,
    reset_after_reading,
    reset_before_reading,
    stall,
)

import pushwire
from pushwire.connections import Boto3Connections

CONNECTION_ID = "R0oXAdfD0kwCH6w="


class Sleeps:
    """Stands in for `time.sleep`, and keeps what was asked of it."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
def sleeps() -> Sleeps:
    return Sleeps()


def connections(url: str, sleeps: Sleeps, *, read_timeout: float = 3.0, max_attempts: int = 3) -> Boto3Connections:
    return Boto3Connections(url, sleep=sleeps, read_timeout=read_timeout, max_attempts=max_attempts)


def failures_of(sender: Boto3Connections) -> list[pushwire.SendError]:
    try:
        sender.post(CONNECTION_ID, b"{}")
    except pushwire.SendError as error:
        return [error]
    return []


def post_and_fail(url: str, sleeps: Sleeps, *, read_timeout: float = 3.0) -> pushwire.SendError:
    sender = connections(url, sleeps, read_timeout=read_timeout)
    with pytest.raises(pushwire.SendError) as caught:
        sender.post(CONNECTION_ID, b"{}")
    sender.close()
    assert caught.value.connection_id == CONNECTION_ID
    assert caught.value.__cause__ is not None
    return caught.value


@pytest.mark.parametrize("typed", [True, False], ids=["with its type header", "without its type header"])
@pytest.mark.parametrize(
    ("status", "error_type", "expected"),
    [
        (400, "BadRequestException", pushwire.InvalidConnectionIdError),
        (403, "ForbiddenException", pushwire.ForbiddenError),
        (410, "GoneException", pushwire.ConnectionGoneError),
        (413, "PayloadTooLargeException", pushwire.PayloadTooLargeError),
        (404, "NotFoundException", pushwire.SendError),
    ],
)
def test_a_final_status_is_its_error_after_one_attempt(
    status: int, error_type: str, expected: type[pushwire.SendError], typed: bool, sleeps: Sleeps
) -> None:
    behaviour = answer(status, x_amzn_ErrorType=error_type) if typed else answer(status)
    with FaultServer(behaviour) as server:
        error = post_and_fail(server.url, sleeps)
    assert type(error) is expected
    assert (error.attempts, error.maybe_accepted, error.status_code) == (1, False, status)
    assert (len(server.requests), sleeps.seconds) == (1, [])
    assert isinstance(error.__cause__, botocore.exceptions.ClientError)


def test_gone_has_botos_own_exception_as_its_cause(sleeps: Sleeps) -> None:
    with FaultServer(answer(410, x_amzn_ErrorType="GoneException")) as server:
        error = post_and_fail(server.url, sleeps)
    assert type(error.__cause__).__name__ == "GoneException"


def test_throttling_is_tried_three_times_in_all_with_growing_jittered_waits(sleeps: Sleeps) -> None:
    with FaultServer(answer(429, x_amzn_ErrorType="LimitExceededException")) as server:
        error = post_and_fail(server.url, sleeps)
    assert type(error) is pushwire.ThrottledError
    assert (error.attempts, error.maybe_accepted) == (3, False)
    assert len(server.requests) == 3
    first, second = sleeps.seconds
    assert 0 <= first <= 0.1
    assert 0 <= second <= 0.2


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_is_tried_again_and_may_have_been_accepted(status: int, sleeps: Sleeps) -> None:
    with FaultServer(answer(status, b"<html>not json</html>")) as server:
        error = post_and_fail(server.url, sleeps)
    assert type(error) is pushwire.UnavailableError
    assert (error.attempts, error.maybe_accepted, error.status_code) == (3, True, status)
    assert len(server.requests) == 3


def test_a_send_succeeds_when_a_later_attempt_does(sleeps: Sleeps) -> None:
    with FaultServer(answer(429), answer(500), answer(200)) as server:
        sender = connections(server.url, sleeps)
        sender.post(CONNECTION_ID, b'{"route":"A","payload":{}}')
        sender.close()
    assert [request.body for request in server.requests] == [b'{"route":"A","payload":{}}'] * 3
    assert server.requests[0].target == "/stage/@connections/R0oXAdfD0kwCH6w%3D"


def test_gone_after_a_lost_answer_says_that_the_message_may_have_been_accepted(sleeps: Sleeps) -> None:
    with FaultServer(reset_after_reading, answer(410)) as server:
        error = post_and_fail(server.url, sleeps)
    assert type(error) is pushwire.ConnectionGoneError
    assert (error.attempts, error.maybe_accepted) == (2, True)


def test_a_connection_reset_before_the_request_was_read_is_unavailable(sleeps: Sleeps) -> None:
    with FaultServer(reset_before_reading) as server:
        error = post_and_fail(server.url, sleeps)
    assert type(error) is pushwire.UnavailableError
    assert (error.attempts, error.maybe_accepted) == (3, True)
    assert (server.cuts, server.requests) == (3, [])


def test_a_connection_reset_after_the_request_was_read_is_unavailable_and_maybe_accepted(sleeps: Sleeps) -> None:
    with FaultServer(reset_after_reading) as server:
        error = post_and_fail(server.url, sleeps)
    assert type(error) is pushwire.UnavailableError
    assert (error.attempts, error.maybe_accepted) == (3, True)
    assert len(server.requests) == 3
    assert isinstance(error.__cause__, botocore.exceptions.ConnectionClosedError)


def test_a_server_that_stalls_is_unavailable_after_the_read_timeout_of_each_attempt(sleeps: Sleeps) -> None:
    with FaultServer(stall) as server:
        error = post_and_fail(server.url, sleeps, read_timeout=0.2)
    assert type(error) is pushwire.UnavailableError
    assert (error.attempts, error.maybe_accepted) == (3, True)
    assert isinstance(error.__cause__, botocore.exceptions.ReadTimeoutError)


def test_an_answer_that_is_no_http_is_unavailable(sleeps: Sleeps) -> None:
    with FaultServer(no_http) as server:
        error = post_and_fail(server.url, sleeps)
    assert type(error) is pushwire.UnavailableError
    assert (error.attempts, error.maybe_accepted) == (3, True)


def test_an_answer_cut_after_its_200_never_counts_as_refused(sleeps: Sleeps) -> None:
    with FaultServer(cut_in_the_body) as server:
        sender = connections(server.url, sleeps)
        # botocore reads no further than the status; older ones do
        told_to_be_lost = [error for error in failures_of(sender) if not error.maybe_accepted]
        sender.close()
    assert told_to_be_lost == []
    assert server.requests


@pytest.mark.parametrize("body", [b"", b"{", b'{"message":', b'{"message":{"a":1}}', b"<html>"])
def test_a_malformed_error_body_changes_nothing(body: bytes, sleeps: Sleeps) -> None:
    with FaultServer(answer(410, body, Content_Type="application/json")) as server:
        error = post_and_fail(server.url, sleeps)
    assert type(error) is pushwire.ConnectionGoneError


@pytest.mark.parametrize("body", [b"[1]", b"\xff\xfe", b"null"])
def test_an_error_body_that_botocore_cannot_read_is_unavailable(body: bytes, sleeps: Sleeps) -> None:
    with FaultServer(answer(410, body, Content_Type="application/json")) as server:
        error = post_and_fail(server.url, sleeps)
    assert type(error) is pushwire.UnavailableError
    assert error.attempts == len(server.requests) == 3


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"{}", b'{"connectedAt":"soon"}', b'{"identity":3}'])
def test_a_malformed_answer_to_get_is_an_error_of_ours(body: bytes, sleeps: Sleeps) -> None:
    with FaultServer(answer(200, body)) as server:
        sender = connections(server.url, sleeps)
        with pytest.raises(pushwire.UnavailableError):
            sender.get(CONNECTION_ID)
        sender.close()


def test_a_refused_connection_is_unavailable_and_certainly_not_accepted(sleeps: Sleeps) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    error = post_and_fail(f"http://127.0.0.1:{port}/stage", sleeps)
    assert type(error) is pushwire.UnavailableError
    assert (error.attempts, error.maybe_accepted) == (3, False)


def test_a_host_that_dns_does_not_know_is_unavailable(sleeps: Sleeps) -> None:
    error = post_and_fail("http://no-such-host.localhost:9/stage", sleeps)
    assert type(error) is pushwire.UnavailableError
    assert (error.attempts, error.maybe_accepted) == (3, False)
    assert isinstance(error.__cause__, botocore.exceptions.EndpointConnectionError)


def test_without_credentials_nothing_is_sent(sleeps: Sleeps) -> None:
    error = post_and_fail("https://abc123.execute-api.eu-west-1.amazonaws.com/prod", sleeps)
    assert type(error) is pushwire.CredentialsError
    assert (error.attempts, error.maybe_accepted) == (0, False)
    assert isinstance(error.__cause__, botocore.exceptions.NoCredentialsError)


def test_a_profile_that_does_not_exist_is_told_at_construction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(pushwire.CredentialsError, match="nobody"):
        Boto3Connections("https://abc123.execute-api.eu-west-1.amazonaws.com/prod")


def test_an_untrusted_certificate_names_the_certificate_authority(
    sleeps: Sleeps, tls_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    error = post_and_fail(tls_server, sleeps)
    assert type(error) is pushwire.UnavailableError
    assert "certificate authority" in str(error)


def test_max_attempts_bounds_the_requests(sleeps: Sleeps) -> None:
    with FaultServer(answer(500)) as server:
        sender = connections(server.url, sleeps, max_attempts=1)
        with pytest.raises(pushwire.UnavailableError):
            sender.post(CONNECTION_ID, b"{}")
        sender.close()
    assert (len(server.requests), sleeps.seconds) == (1, [])


@pytest.fixture
def own_client_server() -> Iterator[FaultServer]:
    with FaultServer(answer(500)) as server:
        yield server


def test_a_client_of_ones_own_keeps_its_retries_and_none_are_added(own_client_server: FaultServer) -> None:
    client = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=own_client_server.url,
        region_name="eu-west-1",
        aws_access_key_id="id",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 2, "mode": "standard"}),
    )
    with pytest.raises(pushwire.UnavailableError) as caught:
        Boto3Connections(client=client).post(CONNECTION_ID, b"{}")
    client.close()
    assert caught.value.attempts == len(own_client_server.requests) == 2
