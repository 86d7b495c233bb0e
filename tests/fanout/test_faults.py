"""What a job survives: kills, redelivery, refused entries, outages of DynamoDB and API Gateway, shards of no use."""

import base64
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pushwire import (
    ConnectionGoneError,
    ForbiddenError,
    InvalidConnectionIdError,
    SendError,
    ThrottledError,
    UnavailableError,
)
from pushwire.fanout import (
    DynamoDBProgress,
    FanoutError,
    FanoutProgress,
    FanoutWorker,
    Shard,
    ShardError,
    ShardResult,
    send_shard,
)
from pushwire.fanout.progress import MAX_CALL
from pushwire.server import SendObserver
from pushwire.store import SqliteStore, StoreError
from pushwire.testing import RecordingTransport, StoreClock
from pushwire.v1.fanout_pb2 import FanoutShard
from tests.fanout.conftest import MakeWorld
from tests.fanout.world import (
    MAX_RECEIVES,
    Context,
    CountingTransport,
    FanoutWorld,
    Killed,
    event_of,
    ids,
    shard_of,
)
from tests.server.world import WireServerSdk

DYNAMODB = {"get_item", "update_item"}
SQS = {"get_queue_url", "send_message_batch"}
OUTAGE = EndpointConnectionError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com")


def failing(*operations: str, error: Exception = OUTAGE) -> Any:
    """Return a hook that raises an error before calls of these operations."""

    def before(name: str, _parameters: Any) -> None:
        if name in operations:
            raise error

    return before


def killed_at(operation: str, *, after: bool, number: int = 0) -> tuple[Any, Any]:
    """Return hooks that kill the process once, before or after a call of an operation."""
    calls = 0

    def count(name: str) -> None:
        nonlocal calls
        if name == operation:
            calls += 1
            if calls == number + 1:
                raise Killed

    def before(name: str, _parameters: Any) -> None:
        if not after:
            count(name)

    def then(name: str, _parameters: Any, response: Any) -> Any:
        if after:
            count(name)
        return response

    return before, then


def doubled(transport: CountingTransport) -> int:
    """Return how many connections got the message more than once."""
    return sum(count > 1 for count in Counter(transport.reached).values())


# Remainders


def test_ids_that_were_not_sent_in_time_return_as_smaller_shards(world: FanoutWorld) -> None:
    transport = CountingTransport()
    transport.posts_before_deadline = 400
    job = world.start(ids(1_000))
    world.run(world.worker(transport))
    assert transport.reached == ids(1_000)
    assert world.invocations == 3
    assert world.delays == [0, 0, 0]
    assert world.progress.of(job.id) == FanoutProgress(1_000, 1_000, 0, 0, 0, done=True)


@pytest.mark.parametrize(("remaining", "deadline"), [(30.0, 14.0), (900.0, 884.0), (9.0, 3.0)])
def test_a_worker_keeps_some_of_its_time_for_posts_in_flight(remaining: float, deadline: float) -> None:
    deadlines: list[float | None] = []

    class Transport(RecordingTransport):
        def post_many(self, connection_ids: Any, data: Any, options: Any, on_outcome: Any, /) -> tuple[str, ...]:
            deadlines.append(options.deadline)
            return super().post_many(connection_ids, data, options, on_outcome)

    client: Any = UnusedQueue()
    worker = FanoutWorker(WireServerSdk(transport=Transport()), client=client, clock=lambda: 1_800_000_000.0)
    worker(event_of(shard_of(ids(1)).to_text()), Context(remaining))
    worker(event_of(shard_of(ids(1), expires_at=1_800_000_002.5).to_text()), Context(remaining))
    assert deadlines == [deadline, 2.5]


class UnusedQueue:
    """A client of SQS that no test of this kind calls."""

    def send_message_batch(self) -> None: ...
    def get_queue_attributes(self) -> None: ...
    def get_queue_url(self) -> None: ...


def test_attempts_are_bounded(world: FanoutWorld, caplog: pytest.LogCaptureFixture) -> None:
    transport = CountingTransport({connection_id: ThrottledError() for connection_id in ids(2)})
    job = world.start(ids(3))
    world.run(world.worker(transport))
    assert world.invocations == 50
    assert world.delays[1:9] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert world.progress.of(job.id) == FanoutProgress(3, 1, 0, 2, 0, done=True)
    assert "giving up 2 ids after 50 attempts" in caplog.text


def test_ids_that_may_have_been_accepted_get_fewer_attempts(
    world: FanoutWorld, caplog: pytest.LogCaptureFixture
) -> None:
    transport = CountingTransport(
        {ids(3)[0]: UnavailableError(maybe_accepted=True), ids(3)[1]: UnavailableError(maybe_accepted=False)}
    )
    job = world.start(ids(3))
    worker = world.worker(transport)
    for _ in range(5):
        world.run_once(worker)
    assert "giving up 1 ids after 5 attempts" in caplog.text
    assert world.delays == [0, 1, 2, 4, 8, 16]
    (rest,) = world.queued()
    assert rest.connection_ids == (ids(3)[1],)
    assert world.progress.of(job.id) == FanoutProgress(3, 1, 0, 1, 0, done=False)


# Kills


@pytest.fixture
def shards_of_100(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pushwire.fanout.queue.MAX_IDS", 100)


@pytest.mark.usefixtures("shards_of_100")
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(post=st.integers(0, 249))
def test_a_kill_at_any_post_loses_no_id_and_doubles_at_most_one_shard(make_world: MakeWorld, post: int) -> None:
    world = make_world()
    transport = CountingTransport()
    transport.killed_at = post
    job = world.start(ids(250))
    world.run(world.worker(transport))
    assert set(transport.reached) == set(ids(250))
    assert doubled(transport) == post % 100
    assert world.progress.of(job.id) == FanoutProgress(250, 250, 0, 0, 0, done=True)


@pytest.mark.usefixtures("shards_of_100")
@pytest.mark.parametrize(
    ("place", "most"),
    [
        (("get_item", False), 0),
        (("update_item", False), 100),  # between the last post and the row
        (("update_item", True), 0),  # between the row and the remainder
        (("get_queue_url", False), 0),
        (("send_message_batch", False), 0),
        (("send_message_batch", True), 0),  # between the remainder and the end of the invocation
    ],
)
@pytest.mark.parametrize("number", range(4))
def test_a_kill_at_any_other_place_loses_no_id_and_doubles_at_most_one_shard(
    world: FanoutWorld, place: tuple[str, bool], most: int, number: int
) -> None:
    transport = CountingTransport()
    transport.posts_before_deadline = 60
    job = world.start(ids(210))
    operation, after = place
    client = world.dynamodb if operation.endswith("item") else world.sqs
    client.before, client.after = killed_at(operation, after=after, number=number)
    world.run(world.worker(transport))
    assert set(transport.reached) == set(ids(210))
    assert doubled(transport) <= most
    assert world.progress.of(job.id) == FanoutProgress(210, 210, 0, 0, 0, done=True)


def test_a_row_whose_response_was_lost_is_the_row(world: FanoutWorld) -> None:
    transport = CountingTransport()
    transport.posts_before_deadline = 600
    job = world.start(ids(1_000))
    shard = world.queued()[0]
    assert world.progress.record(shard, ShardResult(accepted=600, unsent=tuple(ids(1_000)[600:]))).accepted == 600
    repeated = world.progress.record(shard, ShardResult(accepted=500, unsent=tuple(ids(1_000)[500:])))
    assert (repeated.accepted, repeated.unsent) == (600, tuple(ids(1_000)[600:]))
    world.put_text(shard.to_text())
    world.run(world.worker(transport))
    assert transport.reached == ids(1_000)[600:]
    assert world.progress.of(job.id).done


# Redelivery


def test_a_finished_shard_that_is_delivered_again_is_skipped(
    world: FanoutWorld, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "pushwire.fanout")
    transport = CountingTransport()
    transport.posts_before_deadline = 600
    job = world.start(ids(1_000))
    texts = [shard.to_text() for shard in world.queued()]
    for text in texts * 3:
        world.put_text(text)
    world.run(world.worker(transport))
    assert transport.reached == ids(1_000)
    assert world.progress.of(job.id) == FanoutProgress(1_000, 1_000, 0, 0, 0, done=True)
    assert "shard 0 was finished before, and is delivered again" in caplog.text


def test_without_progress_a_shard_that_is_delivered_again_is_sent_again(world: FanoutWorld) -> None:
    transport = CountingTransport()
    world.start(ids(10), via=world.fanout(progress=None))
    (shard,) = world.queued()
    for _ in range(2):
        world.put_text(shard.to_text())
    world.run(world.worker(transport, progress=None))
    assert transport.reached == [*ids(10), *ids(10)]


# Outcomes


def test_gone_ids_go_to_the_store_and_failures_are_counted(world: FanoutWorld) -> None:
    clock = StoreClock()
    store = SqliteStore(":memory:", clock=clock)
    for connection_id in ids(4):
        store.connect(connection_id, topics=["everyone"])
    clock.advance(31)
    transport = CountingTransport({ids(4)[1]: ConnectionGoneError(), ids(4)[2]: InvalidConnectionIdError()})
    job = world.start(ids(4))
    world.run(world.worker(transport, store=store))
    assert world.progress.of(job.id) == FanoutProgress(4, 2, 1, 1, 0, done=True)
    assert sorted(member.connection_id for member in store.members("everyone")) == [
        ids(4)[index] for index in (0, 2, 3)
    ]
    store.close()


def test_a_worker_without_a_store_counts_gone_ids(world: FanoutWorld) -> None:
    job = world.start(ids(2))
    world.run(world.worker(CountingTransport({ids(2)[0]: ConnectionGoneError()})))
    assert world.progress.of(job.id) == FanoutProgress(2, 1, 1, 0, 0, done=True)


def test_an_expired_job_is_dropped_and_counted(world: FanoutWorld, caplog: pytest.LogCaptureFixture) -> None:
    transport = CountingTransport()
    job = world.start(ids(1_500), expires_in=900)
    worker = world.worker(transport)
    world.run_once(worker)
    world.now += 900
    world.run(worker)
    assert len(transport.reached) in (1_000, 500)
    progress = world.progress.of(job.id)
    assert (progress.accepted + progress.expired, progress.done) == (1_500, True)
    assert progress.accepted == len(transport.reached)
    assert f"job {job.id} has expired: dropping {progress.expired} ids" in caplog.text


@pytest.mark.parametrize("error", [ThrottledError(), UnavailableError()])
def test_refused_posts_return_to_the_queue_and_wait(world: FanoutWorld, error: SendError) -> None:
    transport = CountingTransport(dict.fromkeys(ids(1_000)[300:], error))
    job = world.start(ids(1_000))
    worker = world.worker(transport)
    world.run_once(worker)
    transport.failures.clear()
    world.run(worker)
    assert transport.reached == ids(1_000)
    assert world.delays == [0, 1]
    assert world.progress.of(job.id) == FanoutProgress(1_000, 1_000, 0, 0, 0, done=True)


def test_a_worker_without_permission_leaves_its_shards_to_the_dead_letter_queue(world: FanoutWorld) -> None:
    job = world.start(ids(2_000))
    world.run(world.worker(CountingTransport(dict.fromkeys(ids(2_000), ForbiddenError("no permission")))))
    assert {type(failure) for failure in world.failures} == {ForbiddenError}
    assert world.invocations == 2 * MAX_RECEIVES
    assert sorted(Shard.from_text(text).number for text in world.dead_letters()) == [0, 1]
    assert not world.progress.of(job.id).done


def test_credentials_that_expire_within_a_shard_return_the_ids_that_were_not_sent(world: FanoutWorld) -> None:
    transport = CountingTransport(dict.fromkeys(ids(10)[4:], ForbiddenError()))
    job = world.start(ids(10))
    worker = world.worker(transport)
    world.run_once(worker)
    transport.failures.clear()
    world.run(worker)
    assert transport.reached == ids(10)
    assert world.progress.of(job.id).done


# SQS


def test_entries_that_sqs_refuses_are_repeated_alone(world: FanoutWorld) -> None:
    calls: list[list[str]] = []

    def before(name: str, parameters: Any) -> None:
        if name == "send_message_batch":
            calls.append([entry["Id"] for entry in parameters["Entries"]])
            if len(calls) == 1:
                parameters["Entries"] = parameters["Entries"][::2]

    def after(name: str, _parameters: Any, response: Any) -> Any:
        if name == "send_message_batch" and len(calls) == 1:
            refused = [{"Id": str(index), "SenderFault": False, "Code": "InternalError"} for index in (1, 3)]
            return response | {"Failed": refused}
        return response

    world.sqs.before, world.sqs.after = before, after
    job = world.start(ids(4_500))
    assert calls == [["0", "1", "2", "3", "4"], ["1", "3"]]
    transport = CountingTransport()
    world.run(world.worker(transport))
    assert sorted(transport.reached) == ids(4_500)
    assert world.progress.of(job.id).done


@pytest.mark.parametrize("sender_fault", [True, False])
def test_shards_that_cannot_be_queued_end_the_job_with_their_ids(world: FanoutWorld, sender_fault: bool) -> None:
    refused = {"Id": "0", "SenderFault": sender_fault, "Code": "InternalError", "Message": "try later"}

    def before(name: str, parameters: Any) -> None:
        if name == "send_message_batch" and parameters["Entries"][0]["Id"] == "0":
            parameters["Entries"] = parameters["Entries"][1:] or [{"Id": "9", "MessageBody": "unused"}]

    world.sqs.before = before
    world.sqs.after = lambda name, _parameters, response: (
        response | {"Failed": [refused]} if name == "send_message_batch" else response
    )
    connection_ids = iter(ids(30_000))
    with pytest.raises(FanoutError, match=r"refused 1 shards after .*InternalError: try later") as caught:
        world.start(connection_ids)
    error = caught.value
    assert list(error.unsent) == ids(1_000)
    assert next(connection_ids) == ids(10_001)[-1]
    assert error.job_id is not None
    progress = world.progress.of(error.job_id)
    assert (progress.recipients, progress.done) == (None, False)


def test_an_outage_of_sqs_is_an_error_with_the_ids_that_were_read(world: FanoutWorld) -> None:
    fanout = world.fanout()
    world.sqs.before = failing("send_message_batch")
    with pytest.raises(
        FanoutError, match=r"send_message_batch of the queue .* failed: .*1,500 ids were read"
    ) as caught:
        world.start(ids(1_500), via=fanout)
    assert list(caught.value.unsent) == ids(1_500)
    assert caught.value.__cause__ is OUTAGE
    world.sqs.before = failing("get_queue_attributes")
    with pytest.raises(FanoutError, match="get_queue_attributes of the queue"):
        world.start(ids(1))


def test_a_remainder_that_cannot_be_queued_returns_later(world: FanoutWorld) -> None:
    transport = CountingTransport()
    transport.posts_before_deadline = 600
    job = world.start(ids(1_000))
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "not allowed"}}, "GetQueueUrl")
    world.sqs.before = failing("get_queue_url", error=denied)
    worker = world.worker(transport)
    world.run_once(worker)
    assert "get_queue_url of arn:aws:sqs:" in str(world.failures[0])
    world.sqs.before = world.send_without_delay
    world.run(worker)
    assert transport.reached == ids(1_000)
    assert world.progress.of(job.id).done


# DynamoDB


def test_an_outage_of_dynamodb_doubles_nothing_and_leaves_the_progress_incomplete(
    world: FanoutWorld, caplog: pytest.LogCaptureFixture
) -> None:
    transport = CountingTransport()
    transport.posts_before_deadline = 600
    job = world.start(ids(3_000))
    worker = world.worker(transport)
    world.run_once(worker)
    world.dynamodb.before = failing("get_item", "update_item", "put_item")
    for _ in range(2):
        world.run_once(worker)
    world.dynamodb.before = lambda _name, _parameters: None
    world.run(worker)
    assert sorted(transport.reached) == ids(3_000)
    progress = world.progress.of(job.id)
    assert (progress.recipients, progress.done) == (3_000, False)
    assert progress.accepted < 3_000
    assert f"job {job.id}: its progress stays incomplete: get_item of the DynamoDB table" in caplog.text
    assert "its progress stays incomplete: update_item" in caplog.text


@pytest.mark.parametrize(
    ("seconds", "overrun", "hanging"),
    [
        (10, 0, DYNAMODB),
        (30, 4, DYNAMODB),
        (30, 4, {"update_item"}),
        (30, 4, DYNAMODB | SQS),
        (900, 4, DYNAMODB | SQS),
    ],
)
def test_services_that_do_not_respond_let_an_invocation_end_in_time(
    world: FanoutWorld, seconds: float, overrun: float, hanging: set[str]
) -> None:
    """A call of DynamoDB then fails after its time-outs, and one of SQS succeeds just before them."""

    class SlowTransport(CountingTransport):
        def post_many(self, connection_ids: Any, data: Any, options: Any, on_outcome: Any, /) -> tuple[str, ...]:
            world.now += options.deadline + overrun
            return super().post_many(connection_ids, data, options, on_outcome)

    def before(name: str, parameters: Any) -> None:
        if name in hanging:
            world.now += MAX_CALL
        if name in hanging & DYNAMODB:
            raise OUTAGE
        world.send_without_delay(name, parameters)

    class Ending(Context):
        def get_remaining_time_in_millis(self) -> int:
            return int((end - world.now) * 1000)

    transport = SlowTransport()
    transport.posts_before_deadline = 600
    world.start(ids(1_000), expires_in=3_600)
    world.dynamodb.before = world.sqs.before = before
    end = world.now + seconds
    world.run_once(world.worker(transport), context=Ending())
    assert world.failures == []
    assert world.now <= end + 1e-3
    (rest,) = world.queued()
    assert [*transport.reached, *rest.connection_ids] == ids(1_000)


def test_calls_of_default_clients_fail_within_the_time_that_a_worker_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    worker: Any = FanoutWorker(WireServerSdk(transport=RecordingTransport()), progress=DynamoDBProgress("jobs"))
    for client in (worker._service.client, worker._progress._table._service.client):
        config = client.meta.config
        attempts = config.retries["total_max_attempts"]
        waits = attempts - 1  # botocore waits at most a second before the second attempt
        assert attempts * (config.connect_timeout + config.read_timeout) + waits <= MAX_CALL


def test_rows_of_a_newer_version_are_an_error_of_the_store(world: FanoutWorld) -> None:
    job = world.start(ids(1))
    (shard,) = world.queued()
    for sort in ("S#00000000#0000", "J"):
        key = {"pk": {"S": f"J#{job.id}"}, "sk": {"S": sort}}
        world.dynamodb.put_item(
            TableName=world.name, Item={**key, "row_format": {"N": "2"}, "expires_at": {"N": "1900000000"}}
        )
        with pytest.raises(StoreError, match="a row has the format '2', which this version of Pushwire does not know"):
            world.progress.of(job.id)
    with pytest.raises(StoreError, match="format '2'"):
        world.progress.result_of(shard)
    with pytest.raises(StoreError, match="format '2'"):
        world.progress.record(shard, ShardResult(accepted=1))


def test_a_job_does_not_start_without_its_row(world: FanoutWorld) -> None:
    world.dynamodb.before = failing("put_item")
    with pytest.raises(StoreError, match="put_item"):
        world.start(ids(5))
    assert world.queued() == []


def test_a_job_whose_last_row_cannot_be_written_is_sent_all_the_same(
    world: FanoutWorld, caplog: pytest.LogCaptureFixture
) -> None:
    calls = 0

    def before(name: str, _parameters: Any) -> None:
        nonlocal calls
        calls += name == "put_item"
        if calls == 2:
            raise OUTAGE

    world.dynamodb.before = before
    job = world.start(ids(5))
    transport = CountingTransport()
    world.dynamodb.before = lambda _name, _parameters: None
    world.run(world.worker(transport))
    assert transport.reached == ids(5)
    assert world.progress.of(job.id) == FanoutProgress(None, 5, 0, 0, 0, done=False)
    assert f"job {job.id}: its progress stays incomplete: put_item" in caplog.text


# What is not a shard


NEWER = base64.b64encode(FanoutShard(version=2, job_id="f00d").SerializeToString()).decode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Hello!", "not a shard of a job: "),
        (base64.b64encode(b"\xff\xff").decode(), "not a shard of a job: "),
        ("", "not a shard of a job: it has no version"),
        (
            NEWER,
            r"a shard has version 2, and this version of Pushwire can send version 1: update Pushwire.*\(job f00d\)",
        ),
        (
            shard_of(ids(1), operation="chat.v1.ChatService.Said").to_text(),
            "WireServerSdk has no operation 'chat.v1.ChatService.Said': deploy the worker with the contract",
        ),
    ],
)
def test_a_message_that_cannot_be_sent_ends_in_the_dead_letter_queue(
    world: FanoutWorld, text: str, reason: str
) -> None:
    transport = CountingTransport()
    if text:
        world.start(ids(2))
        world.put_text(text)
        world.run(world.worker(transport))
        assert world.dead_letters() == [text]
        assert len(world.failures) == MAX_RECEIVES
        assert transport.reached == ids(2)
    with pytest.raises(ShardError, match=reason):
        world.worker(transport)(event_of(text), Context())


@settings(max_examples=200)
@given(st.one_of(st.text(), st.binary().map(lambda data: base64.b64encode(data).decode())))
def test_any_text_is_a_shard_or_an_error(text: str) -> None:
    try:
        shard = Shard.from_text(text)
    except ShardError:
        return
    assert Shard.from_text(shard.to_text()) == shard


def test_an_event_with_several_messages_is_refused_before_anything_is_sent(world: FanoutWorld) -> None:
    transport = CountingTransport()
    event = event_of(shard_of(ids(5)).to_text())
    event["Records"] += event_of("Hello!")["Records"]
    with pytest.raises(FanoutError, match="set the event source's batch size to 1: the event has 2 messages"):
        world.worker(transport)(event, Context())
    assert transport.reached == []


def test_an_event_of_another_service_and_an_sdk_that_is_not_one_are_refused(world: FanoutWorld) -> None:
    with pytest.raises(FanoutError, match="a FanoutWorker is called with an event of SQS"):
        world.worker(CountingTransport())({"requestContext": {}}, Context())
    wrong: Any = "https://example.com"
    with pytest.raises(TypeError, match=r"sdk must be a Server SDK, such as ChatServerSdk\(\)"):
        FanoutWorker(wrong, client=world.sqs)


# The pure core


def test_other_engines_send_shards_with_one_function() -> None:
    transport = CountingTransport()
    transport.posts_before_deadline = 2
    sdk = WireServerSdk(transport=transport)
    shard = shard_of(ids(5))
    result = send_shard(sdk, shard, deadline=20, clock=lambda: 1_800_000_000.0)
    assert result == ShardResult(accepted=2, unsent=tuple(ids(5)[2:]))
    rest = Shard.from_text(shard.remainder(result.unsent).to_text())
    assert (rest.connection_ids, rest.attempt) == (tuple(ids(5)[2:]), 1)
    assert send_shard(sdk, shard, clock=lambda: shard.expires_at) == ShardResult(expired=5)


def test_observers_of_the_sdk_see_the_operation_of_a_shard() -> None:
    class Observer(SendObserver):
        def __init__(self) -> None:
            self.seen: list[str] = []

        def on_send_complete(self, operation: Any, connection_id: str, data: bytes, error: Any, /) -> None:
            self.seen.append(f"{operation} {connection_id}")

    observer = Observer()
    sdk = WireServerSdk(transport=RecordingTransport())._observed_by([observer])
    send_shard(sdk, shard_of(["a="]), clock=lambda: 1_800_000_000.0)
    assert observer.seen == ["wire.v1.WireService.SendLeaf a="]
