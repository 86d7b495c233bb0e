"""The Server SDK as generated classes use it: the frames, the errors and the callbacks."""

import gc
import importlib.util
import logging
from typing import Any

import pytest
from tests.server.world import CONNECTION_ID, EVERYTHING, LEAF, SEND_LEAF, WireServerSdk, leaf_of_frame_size
from tests.support.fault_server import FaultServer, answer

import pushwire
from pushwire import Format
from pushwire.frame import MAX_FRAME_SIZE
from pushwire.testing import Post, RecordingTransport


@pytest.fixture
def transport() -> RecordingTransport:
    return RecordingTransport()


@pytest.fixture
def sdk(transport: RecordingTransport) -> WireServerSdk:
    return WireServerSdk(transport=transport)


def test_a_message_goes_out_as_one_frame(sdk: WireServerSdk, transport: RecordingTransport) -> None:
    sdk.send_leaf(CONNECTION_ID, LEAF(leaf_name="Hello!"))
    assert transport.posts == [Post(CONNECTION_ID, b'{"route":"SendLeaf","payload":{"leafName":"Hello!"}}')]


def test_the_frame_format_given_overrides_the_contracts(transport: RecordingTransport) -> None:
    WireServerSdk(transport=transport, frame_format=Format.BINARY).send_leaf(CONNECTION_ID, LEAF())
    assert transport.posts == [Post(CONNECTION_ID, b"CghTZW5kTGVhZg==")]


def test_a_message_of_another_type_is_a_type_error(sdk: WireServerSdk, transport: RecordingTransport) -> None:
    with pytest.raises(TypeError, match=r"SendLeaf takes a wire\.v1\.Leaf, not a Everything"):
        sdk.send_leaf(CONNECTION_ID, EVERYTHING())
    assert transport.posts == []


def test_a_connection_id_that_is_not_a_string_is_a_type_error(sdk: WireServerSdk) -> None:
    not_an_id: Any = None
    with pytest.raises(TypeError, match="NoneType"):
        sdk.send_leaf(not_an_id, LEAF())


def test_an_empty_connection_id_is_refused_before_any_request(sdk: WireServerSdk) -> None:
    with pytest.raises(pushwire.InvalidConnectionIdError) as caught:
        sdk.send_leaf("", LEAF())
    assert (caught.value.attempts, caught.value.operation) == (0, SEND_LEAF)


def test_131072_bytes_pass(sdk: WireServerSdk, transport: RecordingTransport) -> None:
    sdk.send_leaf(CONNECTION_ID, leaf_of_frame_size(131_072))
    assert len(transport.posts[0].data) == 131_072 == MAX_FRAME_SIZE


@pytest.mark.extra("boto3")
def test_131073_bytes_are_refused_before_any_network_call() -> None:
    with FaultServer(answer(200)) as server, WireServerSdk(server.url) as sdk:
        with pytest.raises(pushwire.PayloadTooLargeError) as caught:
            sdk.send_leaf(CONNECTION_ID, leaf_of_frame_size(131_073))
        assert server.connections == 0
    error = caught.value
    assert (error.size, error.attempts, error.maybe_accepted) == (131_073, 0, False)
    assert (error.operation, error.connection_id) == (SEND_LEAF, CONNECTION_ID)
    assert "131,073 bytes" in str(error)


def test_a_binary_frame_counts_as_its_base64(transport: RecordingTransport) -> None:
    sdk = WireServerSdk(transport=transport, frame_format=Format.BINARY)
    sdk.send_leaf(CONNECTION_ID, LEAF(leaf_name="x" * 98_286))
    assert len(transport.posts[0].data) == 131_072
    with pytest.raises(pushwire.PayloadTooLargeError):
        sdk.send_leaf(CONNECTION_ID, LEAF(leaf_name="x" * 98_287))


def test_gone_calls_on_gone_once_and_is_raised_with_the_operation(transport: RecordingTransport) -> None:
    gone: list[str] = []
    transport.failures[CONNECTION_ID] = pushwire.ConnectionGoneError(attempts=1)
    sdk = WireServerSdk(transport=transport, on_gone=gone.append)
    with pytest.raises(pushwire.ConnectionGoneError) as caught:
        sdk.send_leaf(CONNECTION_ID, LEAF())
    assert gone == [CONNECTION_ID]
    assert (caught.value.operation, caught.value.connection_id) == (SEND_LEAF, CONNECTION_ID)


def test_get_and_disconnect_call_on_gone_as_well(transport: RecordingTransport) -> None:
    gone: list[str] = []
    transport.failures[CONNECTION_ID] = pushwire.ConnectionGoneError(attempts=1)
    sdk = WireServerSdk(transport=transport, on_gone=gone.append)
    for call in (sdk.connections.get, sdk.connections.disconnect):
        with pytest.raises(pushwire.ConnectionGoneError) as caught:
            call(CONNECTION_ID)
        assert caught.value.operation is None
    assert gone == [CONNECTION_ID] * 2


def test_other_failures_do_not_call_on_gone(transport: RecordingTransport) -> None:
    gone: list[str] = []
    transport.failures[CONNECTION_ID] = pushwire.ThrottledError(attempts=3)
    sdk = WireServerSdk(transport=transport, on_gone=gone.append)
    with pytest.raises(pushwire.ThrottledError):
        sdk.send_leaf(CONNECTION_ID, LEAF())
    assert gone == []


def test_disconnect_closes_a_connection(sdk: WireServerSdk, transport: RecordingTransport) -> None:
    sdk.connections.disconnect(CONNECTION_ID)
    assert transport.deleted == [CONNECTION_ID]
    assert sdk.connections.get(CONNECTION_ID).source_ip == "192.0.2.1"


@pytest.mark.extra("boto3")
def test_the_callback_url_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(answer(200)) as server:
        monkeypatch.setenv("PUSHWIRE_CALLBACK_URL", server.url)
        with WireServerSdk() as sdk:
            sdk.send_leaf(CONNECTION_ID, LEAF())
    assert server.requests[0].body == b'{"route":"SendLeaf","payload":{}}'


@pytest.mark.skipif(importlib.util.find_spec("boto3") is not None, reason="boto3 is installed")
def test_without_boto3_the_error_names_its_extra() -> None:
    with pytest.raises(ImportError, match=r"pip install 'pushwire\[boto3\]'"):
        WireServerSdk("https://ws.example.com/key")


@pytest.mark.extra("boto3")
def test_without_any_callback_url_the_error_names_the_variable() -> None:
    with pytest.raises(pushwire.CallbackUrlError, match="PUSHWIRE_CALLBACK_URL"):
        WireServerSdk()


def test_settings_of_boto3_beside_other_connections_are_refused(transport: RecordingTransport) -> None:
    with pytest.raises(TypeError, match="transport= cannot be combined"):
        WireServerSdk("https://ws.example.com", transport=transport)
    with pytest.raises(TypeError, match="transport= cannot be combined"):
        WireServerSdk(transport=transport, max_attempts=5)


@pytest.mark.extra("boto3")
def test_the_context_manager_closes_what_the_sdk_opened() -> None:
    with FaultServer(answer(200)) as server:
        with WireServerSdk(server.url) as sdk:
            sdk.send_leaf(CONNECTION_ID, LEAF())
        del sdk
        gc.collect()  # an open socket would cause a ResourceWarning, which is an error here


def test_what_is_sent_is_logged_at_debug_only_and_elided(sdk: WireServerSdk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="pushwire"):
        sdk.send_leaf(CONNECTION_ID, LEAF(leaf_name="secret"))
    assert caplog.text == ""
    with caplog.at_level(logging.DEBUG, logger="pushwire"):
        sdk.send_leaf(CONNECTION_ID, LEAF(leaf_name="x" * 10_000))
    assert "SendLeaf" in caplog.text
    assert len(caplog.text) < 1_000
