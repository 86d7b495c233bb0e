"""Each error of a send, provoked by a real server, whichever way is taken: the class, its data, the attempts."""

import socket
from collections.abc import Iterator

import pytest
from tests.support.authority import Authority
from tests.support.fault_server import (
    FaultServer,
    answer,
    cut_in_the_body,
    no_http,
    reset_after_reading,
    reset_before_reading,
    stall,
)
from tests.transport.implementations import Implementation

import pushwire
from pushwire.transport import Transport

CONNECTION_ID = "R0oXAdfD0kwCH6w="


def post_and_fail(implementation: Implementation, url: str, *, read_timeout: float = 3.0) -> pushwire.SendError:
    transport = implementation.connect(url, read_timeout=read_timeout)
    with pytest.raises(pushwire.SendError) as caught:
        transport.post(CONNECTION_ID, b"{}")
    assert caught.value.connection_id == CONNECTION_ID
    return caught.value


def failures_of(transport: Transport) -> list[pushwire.SendError]:
    try:
        transport.post(CONNECTION_ID, b"{}")
    except pushwire.SendError as error:
        return [error]
    return []


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
    status: int, error_type: str, expected: type[pushwire.SendError], typed: bool, implementation: Implementation
) -> None:
    behaviour = answer(status, x_amzn_ErrorType=error_type) if typed else answer(status)
    with FaultServer(behaviour) as server:
        error = post_and_fail(implementation, server.url)
    assert type(error) is expected
    assert (error.attempts, error.maybe_accepted, error.status_code) == (1, False, status)
    assert (len(server.requests), implementation.sleeps.seconds) == (1, [])


def test_what_the_answer_says_is_the_reason(implementation: Implementation) -> None:
    said = b'{"message":"Invalid connectionId: x"}'
    with FaultServer(answer(400, said, Content_Type="application/json")) as server:
        error = post_and_fail(implementation, server.url)
    assert error.reason == "Invalid connectionId: x"


def test_throttling_is_tried_three_times_in_all_with_growing_jittered_waits(implementation: Implementation) -> None:
    with FaultServer(answer(429, x_amzn_ErrorType="LimitExceededException")) as server:
        error = post_and_fail(implementation, server.url)
    assert type(error) is pushwire.ThrottledError
    assert (error.attempts, error.maybe_accepted) == (3, False)
    assert len(server.requests) == 3
    first, second = implementation.sleeps.seconds
    assert 0 <= first <= 0.1
    assert 0 <= second <= 0.2


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_is_tried_again_and_may_have_been_accepted(status: int, implementation: Implementation) -> None:
    with FaultServer(answer(status, b"<html>not json</html>")) as server:
        error = post_and_fail(implementation, server.url)
    assert type(error) is pushwire.UnavailableError
    assert (error.attempts, error.maybe_accepted, error.status_code) == (3, True, status)
    assert len(server.requests) == 3


def test_a_send_succeeds_when_a_later_attempt_does(implementation: Implementation) -> None:
    with FaultServer(answer(429), answer(500), answer(200)) as server:
        implementation.connect(server.url).post(CONNECTION_ID, b'{"route":"A","payload":{}}')
    assert [request.body for request in server.requests] == [b'{"route":"A","payload":{}}'] * 3
    assert server.requests[0].target == "/stage/@connections/R0oXAdfD0kwCH6w%3D"


def test_gone_after_a_lost_answer_says_that_the_message_may_have_been_accepted(implementation: Implementation) -> None:
    with FaultServer(reset_after_reading, answer(410)) as server:
        error = post_and_fail(implementation, server.url)
    assert type(error) is pushwire.ConnectionGoneError
    assert (error.attempts, error.maybe_accepted) == (2, True)


def test_a_connection_reset_before_the_request_was_read_is_unavailable(implementation: Implementation) -> None:
    with FaultServer(reset_before_reading) as server:
        error = post_and_fail(implementation, server.url)
    assert type(error) is pushwire.UnavailableError
    assert (error.attempts, error.maybe_accepted) == (3, True)
    assert (server.cuts, server.requests) == (3, [])


def test_a_connection_reset_after_the_request_was_read_is_unavailable_and_maybe_accepted(
    implementation: Implementation,
) -> None:
    with FaultServer(reset_after_reading) as server:
        error = post_and_fail(implementation, server.url)
    assert type(error) is pushwire.UnavailableError
    assert (error.attempts, error.maybe_accepted) == (3, True)
    assert len(server.requests) == 3
    assert error.__cause__ is not None


def test_a_server_that_stalls_is_unavailable_after_the_read_timeout_of_each_attempt(
    implementation: Implementation,
) -> None:
    with FaultServer(stall) as server:
        error = post_and_fail(implementation, server.url, read_timeout=0.2)
    assert type(error) is pushwire.UnavailableError
    assert (error.attempts, error.maybe_accepted) == (3, True)
    assert error.__cause__ is not None


def test_an_answer_that_is_no_http_is_unavailable(implementation: Implementation) -> None:
    with FaultServer(no_http) as server:
        error = post_and_fail(implementation, server.url)
    assert type(error) is pushwire.UnavailableError
    assert (error.attempts, error.maybe_accepted) == (3, True)


def test_an_answer_cut_after_its_200_never_counts_as_refused(implementation: Implementation) -> None:
    with FaultServer(cut_in_the_body) as server:
        # botocore reads no further than the status; older ones do
        told_to_be_lost = [
            error for error in failures_of(implementation.connect(server.url)) if not error.maybe_accepted
        ]
    assert told_to_be_lost == []
    assert server.requests


@pytest.mark.parametrize("body", [b"", b"{", b'{"message":', b'{"message":{"a":1}}', b"<html>"])
def test_a_malformed_error_body_changes_nothing(body: bytes, implementation: Implementation) -> None:
    with FaultServer(answer(410, body, Content_Type="application/json")) as server:
        error = post_and_fail(implementation, server.url)
    assert type(error) is pushwire.ConnectionGoneError


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"{}", b'{"connectedAt":"soon"}', b'{"identity":3}'])
def test_a_malformed_answer_to_get_is_an_error_of_ours(body: bytes, implementation: Implementation) -> None:
    with FaultServer(answer(200, body)) as server:
        transport = implementation.connect(server.url)
        with pytest.raises(pushwire.UnavailableError):
            transport.get(CONNECTION_ID)


def test_a_refused_connection_is_unavailable_and_certainly_not_accepted(implementation: Implementation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    error = post_and_fail(implementation, f"http://127.0.0.1:{port}/stage")
    assert type(error) is pushwire.UnavailableError
    assert (error.attempts, error.maybe_accepted) == (3, False)


def test_a_host_that_dns_does_not_know_is_unavailable(implementation: Implementation) -> None:
    error = post_and_fail(implementation, "http://no-such-host.localhost:9/stage")
    assert type(error) is pushwire.UnavailableError
    assert (error.attempts, error.maybe_accepted) == (3, False)
    assert error.__cause__ is not None


def test_without_credentials_nothing_is_sent(implementation: Implementation) -> None:
    error = post_and_fail(implementation, "https://abc123.execute-api.eu-west-1.amazonaws.com/prod")
    assert type(error) is pushwire.CredentialsError
    assert (error.attempts, error.maybe_accepted) == (0, False)


def test_half_of_the_credentials_are_none(implementation: Implementation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    with FaultServer(answer(200)) as server:
        with pytest.raises(pushwire.CredentialsError, match="AWS_SECRET_ACCESS_KEY") as caught:
            implementation.connect(server.url).post(CONNECTION_ID, b"{}")
        assert (caught.value.attempts, server.requests) == (0, [])


@pytest.mark.extra("boto3")
def test_a_profile_that_does_not_exist_is_told(implementation: Implementation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(pushwire.CredentialsError, match="nobody"):
        implementation.connect("https://abc123.execute-api.eu-west-1.amazonaws.com/prod").post(CONNECTION_ID, b"{}")


@pytest.fixture
def untrusted(authority: Authority) -> Iterator[FaultServer]:
    with FaultServer(answer(200), tls=authority.server()) as server:
        yield server


def test_an_untrusted_certificate_names_the_certificate_authority(
    implementation: Implementation, untrusted: FaultServer
) -> None:
    error = post_and_fail(implementation, untrusted.url)
    assert type(error) is pushwire.UnavailableError
    assert (error.attempts, error.maybe_accepted) == (3, False)
    assert "certificate authority" in str(error)
    assert untrusted.requests == []


def test_max_attempts_bounds_the_requests(implementation: Implementation) -> None:
    with FaultServer(answer(500)) as server:
        transport = implementation.connect(server.url, max_attempts=1)
        with pytest.raises(pushwire.UnavailableError):
            transport.post(CONNECTION_ID, b"{}")
    assert (len(server.requests), implementation.sleeps.seconds) == (1, [])


@pytest.mark.parametrize("attempts", [0, -1])
def test_less_than_one_attempt_is_refused(attempts: int, implementation: Implementation) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        implementation.connect("http://127.0.0.1:1/stage", max_attempts=attempts)
