"""One message to many clients: the frames, the reports and callbacks, and the errors before the first send."""

import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from tests.server.world import CONNECTION_ID, EVERYTHING, LEAF, SEND_LEAF, WireServerSdk, leaf_of_frame_size

import pushwire
from pushwire import BroadcastError, BroadcastReport, RateLimit, SendError
from pushwire.errors import ConnectionGoneError, ConnectionPendingError, ThrottledError, UnavailableError
from pushwire.server import SendObserver
from pushwire.testing import Post, RecordingTransport
from pushwire.transport.protocol import ConnectionInfo, FanOutOptions


@pytest.fixture
def transport() -> RecordingTransport:
    return RecordingTransport(
        failures={
            "gone": ConnectionGoneError(attempts=1),
            "slow": ThrottledError(attempts=3),
            "lost": UnavailableError(attempts=3, maybe_accepted=True),
        }
    )


@pytest.fixture
def sdk(transport: RecordingTransport) -> WireServerSdk:
    return WireServerSdk(transport=transport)


class AsksFor:
    """A transport that records the options and stops after some ids."""

    def __init__(self, drawn: int = 0) -> None:
        self.options: FanOutOptions | None = None
        self._drawn = drawn

    def post_many(self, connection_ids: Any, _data: bytes, options: FanOutOptions, on_outcome: Any, /) -> Any:
        self.options = options
        ids = iter(connection_ids)
        accepted = [next(ids) for _ in range(self._drawn)]
        for connection_id in accepted[:-1]:
            on_outcome(connection_id, None)
        return tuple(accepted[-1:])

    def post(self, _connection_id: str, _data: bytes, /) -> None:
        raise AssertionError("not called")

    def get(self, _connection_id: str, /) -> ConnectionInfo:
        raise AssertionError("not called")

    def delete(self, _connection_id: str, /) -> None:
        raise AssertionError("not called")

    def close(self) -> None: ...


def test_every_client_gets_the_same_frame(sdk: WireServerSdk, transport: RecordingTransport) -> None:
    report = sdk.to(name for name in ("a", "b", "c")).send_leaf(LEAF(leaf_name="Hello!"))
    data = b'{"route":"SendLeaf","payload":{"leafName":"Hello!"}}'
    assert transport.posts == [Post(name, data) for name in ("a", "b", "c")]
    assert (report.accepted, report.gone, report.failed, report.unsent) == (3, (), (), ())
    assert transport.sent.to("b") == [LEAF(leaf_name="Hello!")]


def test_a_broadcast_to_no_connections_does_not_fail(sdk: WireServerSdk) -> None:
    report = sdk.to([]).send_leaf(LEAF())
    report.raise_for_failures()
    assert report.accepted == 0


def test_one_failure_never_stops_the_rest_and_each_is_in_the_report(transport: RecordingTransport) -> None:
    forgotten: list[str] = []
    sdk = WireServerSdk(transport=transport, on_gone=forgotten.append)
    report = sdk.to(["gone", "a", "slow", "lost", "gone", "b"]).send_leaf(LEAF())
    assert (report.accepted, report.gone, forgotten) == (2, ("gone", "gone"), ["gone", "gone"])
    assert [(type(error), error.connection_id, error.attempts) for error in report.failed] == [
        (ThrottledError, "slow", 3),
        (UnavailableError, "lost", 3),
    ]
    assert all(error.operation is SEND_LEAF for error in report.failed)


def test_failures_are_raised_on_request_and_grouped_by_class(sdk: WireServerSdk) -> None:
    report = sdk.to(["gone", "a", "slow", "lost"]).send_leaf(LEAF())
    with pytest.raises(BroadcastError) as caught:
        report.raise_for_failures()
    assert str(caught.value) == "2 of 4 sends failed: 1 ThrottledError, 1 UnavailableError (2 sub-exceptions)"
    assert caught.value.exceptions == report.failed
    assert isinstance(caught.value, pushwire.PushwireError)
    throttled: list[Any] = []
    try:
        try:
            report.raise_for_failures()
        except* ThrottledError as group:
            throttled += group.exceptions
    except* UnavailableError:
        pass
    assert throttled == [report.failed[0]]


def test_gone_connections_are_not_failures(sdk: WireServerSdk) -> None:
    sdk.to(["gone"]).send_leaf(LEAF()).raise_for_failures()


def test_reports_add_up(sdk: WireServerSdk) -> None:
    first = sdk.to(["a", "gone"]).send_leaf(LEAF())
    second = sdk.to(["b", "slow"]).send_leaf(LEAF())
    both = first + second + BroadcastReport(unsent=("c",))
    assert (both.accepted, both.gone, both.failed, both.unsent) == (2, ("gone",), second.failed, ("c",))
    assert sum([first, second], BroadcastReport()).accepted == 2
    with pytest.raises(TypeError):
        first + 1  # type: ignore[operator]


def test_a_report_cannot_be_changed_and_shows_what_it_holds() -> None:
    report: Any = BroadcastReport(accepted=3, gone=("a",))
    for name in ("accepted", "gone", "failed", "unsent", "other"):
        with pytest.raises(AttributeError):
            setattr(report, name, 5)
    assert repr(report) == "BroadcastReport(accepted=3, gone=('a',), failed=(), unsent=())"
    assert report == BroadcastReport(accepted=3, gone=("a",))
    assert report != BroadcastReport(accepted=4, gone=("a",))
    assert len({report, BroadcastReport(accepted=3, gone=("a",)), BroadcastReport()}) == 2


def test_on_outcome_is_called_with_each_outcome(sdk: WireServerSdk) -> None:
    outcomes: list[tuple[str, SendError | None]] = []
    report = sdk.to(["a", "slow"], on_outcome=lambda *outcome: outcomes.append(outcome)).send_leaf(LEAF())
    assert outcomes == [("a", None), ("slow", report.failed[0])]


def test_observers_are_notified_of_each_send(transport: RecordingTransport) -> None:
    notified: list[Any] = []

    class Observer(SendObserver):
        def on_send_complete(self, *facts: Any) -> None:
            notified.append(facts)

    sdk = WireServerSdk(transport=transport)._observed_by([Observer()])
    report = sdk.to(["a", "slow", ""]).send_leaf(LEAF())
    data = transport.posts[0].data
    assert notified == [
        (SEND_LEAF, "a", data, None),
        (SEND_LEAF, "slow", data, report.failed[0]),
        (SEND_LEAF, "", data, report.failed[1]),
    ]


def test_an_empty_id_is_its_own_failure(sdk: WireServerSdk, transport: RecordingTransport) -> None:
    report = sdk.to(["a", "", "b"]).send_leaf(LEAF())
    assert (report.accepted, [type(error) for error in report.failed]) == (2, [pushwire.InvalidConnectionIdError])
    assert [post.connection_id for post in transport.posts] == ["a", "b"]


def test_an_id_that_is_not_a_string_ends_the_broadcast(sdk: WireServerSdk) -> None:
    wrong: Any = ["a", None]
    with pytest.raises(TypeError, match="a connection id must be a string, not NoneType"):
        sdk.to(wrong).send_leaf(LEAF())


def test_a_connection_that_is_not_open_yet_is_refused_alone_and_not_forgotten(
    transport: RecordingTransport,
) -> None:
    forgotten: list[str] = []
    sdk = WireServerSdk(transport=transport, on_gone=forgotten.append)._while_pending("own")
    report = sdk.to(["a", "own", "b"]).send_leaf(LEAF())
    assert (report.accepted, report.gone, forgotten) == (2, (), [])
    (error,) = report.failed
    assert (type(error), error.connection_id, error.operation) == (ConnectionPendingError, "own", SEND_LEAF)


def test_ids_that_were_not_read_stay_in_the_iterator() -> None:
    ids = iter("abcdef")
    report = WireServerSdk(transport=AsksFor(drawn=3)).to(ids).send_leaf(LEAF())
    assert (report.accepted, report.unsent) == (2, ("c",))
    assert list(ids) == ["d", "e", "f"]


def test_options_reach_the_connections() -> None:
    transport, budget = AsksFor(), RateLimit(per_second=100)
    WireServerSdk(transport=transport).to([], max_in_flight=7, rate_limit=budget, deadline=2).send_leaf(LEAF())
    assert transport.options == FanOutOptions(7, budget, 2.0)
    WireServerSdk(transport=transport).to([]).send_leaf(LEAF())
    assert transport.options == FanOutOptions(None, None, None)


class Never:
    """Ids that must not be read."""

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("an id was read")


async def later(_connection_id: str, _error: SendError | None) -> None: ...


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"max_inflight": 3}, TypeError, r"to\(\) has no option max_inflight=: did you mean max_in_flight=\?"),
        ({"max_in_flight": 0}, ValueError, "max_in_flight= must be at least 1, not 0"),
        ({"max_in_flight": 2.5}, TypeError, "max_in_flight= must be a whole number, not 2.5"),
        ({"max_in_flight": True}, TypeError, "max_in_flight="),
        ({"max_in_flight": None}, TypeError, "max_in_flight="),
        ({"rate_limit": 5000}, TypeError, r"rate_limit= must be RateLimit\(per_second=…\), not int"),
        ({"deadline": "1s"}, TypeError, "deadline= must be a number of seconds, not '1s'"),
        ({"deadline": float("nan")}, ValueError, "deadline= must be a number of seconds, not nan"),
        ({"deadline": False}, TypeError, "deadline="),
        ({"on_outcome": 5}, TypeError, "on_outcome= must be a function .* not int"),
        ({"room": "lobby"}, TypeError, r"to\(\) has no option room=: its options are max_in_flight=, rate_limit=, "),
        ({"topic": "lobby"}, TypeError, r"to\(\) takes an iterable of connection ids, topic= or user=: pass one"),
        (
            {"skip": "abc"},
            TypeError,
            r"skip= must be a collection of connection ids, such as \[connection_id\], not str",
        ),
        ({"skip": iter("abc")}, TypeError, "skip= must be a collection"),
        ({"on_outcome": later}, TypeError, "on_outcome= must be a function .* not the async later"),
    ],
)
def test_a_bad_option_is_an_error_before_the_first_send(
    sdk: WireServerSdk, transport: RecordingTransport, options: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        sdk.to(Never(), **options).send_leaf(LEAF())
    assert transport.posts == []


def test_connections_to_skip_are_not_sent_to_and_not_counted(transport: RecordingTransport) -> None:
    outcomes: list[str] = []
    sdk = WireServerSdk(transport=transport)._while_pending("own")
    skip = ["b", "own", "gone"]
    broadcast = sdk.to(
        ["a", "b", "own", "gone", "c", "b"], skip=skip, on_outcome=lambda name, _error: outcomes.append(name)
    )
    skip.append("c")
    assert broadcast.send_leaf(LEAF()) == BroadcastReport(accepted=2)
    assert outcomes == [post.connection_id for post in transport.posts] == ["a", "c"]


def test_a_broadcast_can_send_more_than_one_message(sdk: WireServerSdk, transport: RecordingTransport) -> None:
    broadcast = sdk.to(["a", "b"])
    assert broadcast.send_leaf(LEAF(leaf_name="1")) == broadcast.send_leaf(LEAF(leaf_name="2"))
    assert transport.sent.to("b") == [LEAF(leaf_name="1"), LEAF(leaf_name="2")]


def test_ids_and_options_are_checked_before_there_is_a_message(sdk: WireServerSdk) -> None:
    wrong: Any = {"deadline": "1s"}
    with pytest.raises(TypeError, match="deadline="):
        sdk.to(["a"], **wrong)
    with pytest.raises(TypeError, match="not str"):
        sdk.to("a")


async def ids_later() -> Any:
    yield "a"


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        (
            CONNECTION_ID,
            "an iterable of connection ids, not str: to send to one connection, call the method of the SDK itself",
        ),
        (b"abc", "not bytes: to send to one connection"),
        (None, "an iterable of connection ids, not NoneType"),
        (ids_later(), "not async_generator: an async iterable needs the async SDK"),
    ],
)
def test_an_argument_other_than_an_iterable_of_ids_is_a_type_error(
    sdk: WireServerSdk, transport: RecordingTransport, ids: Any, text: str
) -> None:
    with pytest.raises(TypeError, match=text):
        sdk.to(ids).send_leaf(LEAF())
    assert transport.posts == []


def test_a_message_of_another_type_or_too_large_is_an_error_before_the_first_send(sdk: WireServerSdk) -> None:
    with pytest.raises(TypeError, match=r"SendLeaf takes a wire\.v1\.Leaf, not a Everything"):
        sdk.to(Never()).send_leaf(EVERYTHING())
    with pytest.raises(pushwire.PayloadTooLargeError) as caught:
        sdk.to(Never()).send_leaf(leaf_of_frame_size(131_073))
    assert (caught.value.operation, caught.value.size) == (SEND_LEAF, 131_073)


def test_what_on_gone_raises_ends_it(transport: RecordingTransport) -> None:
    def forget(_connection_id: str) -> None:
        raise LookupError("no table")

    sdk = WireServerSdk(transport=transport, on_gone=forget)
    with pytest.raises(LookupError, match="no table"):
        sdk.to(["a", "gone", "b"]).send_leaf(LEAF())


def test_errors_in_a_report_keep_their_cause_and_no_frames() -> None:
    class Failing(RecordingTransport):
        def post_many(self, connection_ids: Any, data: bytes, _options: Any, on_outcome: Any, /) -> tuple[str, ...]:
            for connection_id in connection_ids:
                try:
                    self.post(connection_id, data)
                except UnavailableError as error:
                    on_outcome(connection_id, error)
            return ()

        def post(self, connection_id: str, _data: bytes, /) -> None:
            try:
                reset()
            except ConnectionResetError as error:
                raise UnavailableError("reset", connection_id=connection_id) from error

    def reset() -> None:
        raise ConnectionResetError("by peer")

    (error,) = WireServerSdk(transport=Failing()).to(["a"]).send_leaf(LEAF()).failed
    assert error.__cause__ is not None
    assert str(error.__cause__) == "by peer"
    assert (error.__traceback__, error.__cause__.__traceback__) == (None, None)


def test_a_broadcast_is_logged_once_at_debug(sdk: WireServerSdk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="pushwire"):
        sdk.to(["a", "b"]).send_leaf(LEAF(leaf_name="Hello!"))
    (record,) = caplog.records
    assert record.getMessage() == (
        'send wire.v1.WireService.SendLeaf to many: b\'{"route":"SendLeaf","payload":{"leafName":"Hello!"}}\''
    )


def test_failures_of_a_broadcast_are_one_warning_with_counts_as_fields(
    sdk: WireServerSdk, caplog: pytest.LogCaptureFixture
) -> None:
    sdk.to(["a", "gone"]).send_leaf(LEAF())
    assert caplog.records == []
    sdk.to(["gone", "a", "slow", "lost", "slow"]).send_leaf(LEAF(leaf_name="s3cret"))
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("pushwire.server", "WARNING")
    assert record.getMessage() == (
        "wire.v1.WireService.SendLeaf: 3 of 5 sends failed: 2 ThrottledError, 1 UnavailableError"
    )
    fields = {name: vars(record)[name] for name in ("operation", "route", "accepted", "gone", "failed", "unsent")}
    assert fields == {
        "operation": "wire.v1.WireService.SendLeaf",
        "route": "SendLeaf",
        "accepted": 1,
        "gone": 1,
        "failed": 3,
        "unsent": 0,
    }
    assert vars(record)["errors"] == {"ThrottledError": 2, "UnavailableError": 1}


def test_broadcasts_of_many_threads_do_not_mix(transport: RecordingTransport, sdk: WireServerSdk) -> None:
    reports: list[BroadcastReport] = []

    def send(name: str) -> None:
        reports.append(sdk.to([name] * 50).send_leaf(LEAF(leaf_name=name)))

    threads = [threading.Thread(target=send, args=(f"t{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert [report.accepted for report in reports] == [50] * 8
    assert all(transport.sent.to(f"t{number}") == [LEAF(leaf_name=f"t{number}")] * 50 for number in range(8))
