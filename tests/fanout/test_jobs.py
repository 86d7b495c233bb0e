"""Jobs: a coordinator queues shards, and workers send them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from pushwire import FanoutJob, PayloadTooLargeError
from pushwire.fanout import FanoutError, FanoutProgress, Shard, SqsFanout
from pushwire.store import SqliteStore
from pushwire.testing import AsyncRecordingTransport, RecordingTransport
from tests.fanout.world import HELLO, VISIBILITY_TIMEOUT, CountingTransport, FanoutWorld, ids
from tests.server.world import AsyncWireServerSdk, WireServerSdk, leaf_of_frame_size


def test_every_recipient_gets_the_message_once(world: FanoutWorld) -> None:
    transport = CountingTransport()
    job = world.start(ids(2_345))
    assert (job.recipients, job.shards) == (2_345, 3)
    world.run(world.worker(transport))
    assert transport.reached == ids(2_345)
    assert transport.sent[0].message == HELLO
    assert world.progress.of(job.id) == FanoutProgress(2_345, 2_345, 0, 0, 0, done=True)


def test_progress_is_the_sum_of_the_shards_that_have_ended(world: FanoutWorld) -> None:
    fanout = world.fanout()
    job = world.start(ids(2_500), via=fanout)
    assert fanout.progress(job.id) == FanoutProgress(2_500, 0, 0, 0, 0, done=False)
    world.run_once(world.worker(CountingTransport()))
    assert fanout.progress(job.id) == FanoutProgress(2_500, 1_000, 0, 0, 0, done=False)


def test_the_progress_of_a_job_is_read_without_the_ids_in_its_rows(world: FanoutWorld) -> None:
    transport = CountingTransport()
    transport.posts_before_deadline = 600
    job = world.start(ids(1_000))
    world.run(world.worker(transport))
    rows: list[Any] = []

    def after(name: str, _parameters: Any, response: Any) -> Any:
        rows.extend(response["Items"])
        return response

    world.dynamodb.after = after
    assert world.progress.of(job.id).done
    assert len(rows) == 3
    assert ids(1_000)[-1] not in str(rows)


def test_a_topic_of_a_store_and_a_user_are_recipients(world: FanoutWorld) -> None:
    store = SqliteStore(":memory:")
    for number, connection_id in enumerate(ids(3)):
        store.connect(connection_id, user="ada" if number else "bob", topics=["everyone"])
    transport = CountingTransport()
    sdk = WireServerSdk(transport=RecordingTransport(), store=store)
    assert sdk.to(topic="everyone", via=world.fanout(), skip=[ids(3)[0]]).send_leaf(HELLO).recipients == 2
    assert sdk.to(user="bob", via=world.fanout()).send_leaf(HELLO).recipients == 1
    world.run(world.worker(transport))
    assert sorted(transport.reached) == ids(3)
    store.close()


def test_an_empty_topic_is_a_job_that_is_done(world: FanoutWorld) -> None:
    fanout = world.fanout()
    with SqliteStore(":memory:") as store:
        job = (
            WireServerSdk(transport=RecordingTransport(), store=store).to(topic="nowhere", via=fanout).send_leaf(HELLO)
        )
    assert job == FanoutJob(job.id, 0, 0)
    assert world.queued() == []
    assert fanout.progress(job.id) == FanoutProgress(0, 0, 0, 0, 0, done=True)


def test_an_async_sdk_queues_ids_of_both_kinds_of_iterables(world: FanoutWorld) -> None:
    async def each() -> AsyncIterator[str]:
        for connection_id in ids(1_500):
            yield connection_id

    async def start() -> list[Any]:
        sdk = AsyncWireServerSdk(transport=AsyncRecordingTransport())
        to = [sdk.to(each(), via=world.fanout()), sdk.to(ids(10), via=world.fanout(), skip=ids(1))]
        return [await broadcast.send_leaf(HELLO) for broadcast in to]

    assert [(job.recipients, job.shards) for job in asyncio.run(start())] == [(1_500, 2), (9, 1)]
    assert [len(shard.connection_ids) for shard in world.queued()] == [1_000, 500, 9]


def test_an_async_worker_sends_in_the_same_way(world: FanoutWorld) -> None:
    from pushwire.fanout import FanoutWorker

    transport = AsyncRecordingTransport()
    sdk = AsyncWireServerSdk(transport=transport)
    job = world.start(ids(1_200))
    world.run(FanoutWorker(sdk, client=world.sqs, progress=world.progress, clock=world.clock))
    assert [post.connection_id for post in transport.posts] == ids(1_200)
    assert world.progress.of(job.id).done


def test_a_million_ids_are_read_as_they_are_queued(world: FanoutWorld) -> None:
    read = 0

    def each() -> Iterator[str]:
        nonlocal read
        for connection_id in ids(12_500):
            read += 1
            yield connection_id

    read_at_calls: list[int] = []

    def before(name: str, parameters: Any) -> None:
        if name == "send_message_batch":
            read_at_calls.append(read)

    world.sqs.before = before
    world.start(each())
    assert read_at_calls[:2] == [10_000, 12_500]


def test_a_frame_that_is_too_large_is_refused_once_and_nothing_is_queued(world: FanoutWorld) -> None:
    sdk = WireServerSdk(transport=RecordingTransport())
    with pytest.raises(PayloadTooLargeError, match="131,072"):
        sdk.to(ids(5_000), via=world.fanout()).send_leaf(leaf_of_frame_size(131_073))
    assert world.queued() == []


def test_the_largest_frame_and_long_ids_fit_into_messages_of_256_kib(world: FanoutWorld) -> None:
    sdk = WireServerSdk(transport=RecordingTransport())
    sizes: list[int] = []

    def before(name: str, parameters: Any) -> None:
        if name == "send_message_batch":
            sizes.append(sum(len(entry["MessageBody"]) for entry in parameters["Entries"]))

    world.sqs.before = before
    long_ids = [f"{number:0500d}" for number in range(1_000)]
    job = sdk.to(long_ids, via=world.fanout()).send_leaf(leaf_of_frame_size(131_072))
    assert max(sizes) <= 256 * 1024
    shards = world.queued()
    assert len(shards) == job.shards
    assert [connection_id for shard in shards for connection_id in shard.connection_ids] == long_ids


def test_a_job_must_last_longer_than_the_visibility_timeout(world: FanoutWorld) -> None:
    with pytest.raises(ValueError, match=r"expires_in= must exceed the queue's visibility timeout of 180 seconds.*180"):
        world.start(ids(1), expires_in=VISIBILITY_TIMEOUT)
    assert world.queued() == []
    world.start(ids(1), expires_in=VISIBILITY_TIMEOUT + 1)
    assert [shard.expires_at for shard in world.queued()] == [world.now + 181]


def test_a_job_lasts_a_quarter_of_an_hour_unless_it_says_otherwise(world: FanoutWorld) -> None:
    world.start(ids(1))
    assert [shard.expires_at for shard in world.queued()] == [world.now + 900]


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"expires_in": 0}, ValueError, "expires_in= must be above 0 and at most 86400 seconds, not 0"),
        ({"deadline": 20}, TypeError, r"to\(\) with via= has no option deadline=: its options are expires_in=, skip="),
        ({"expire_in": 20}, TypeError, "did you mean expires_in=?"),
        ({"via": "https://sqs"}, TypeError, "via= must be a queue for jobs, such as SqsFanout"),
        ({"via": SqsFanout}, TypeError, "via= must be a queue for jobs"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_queued(
    world: FanoutWorld, options: Any, error: type[Exception], text: str
) -> None:
    sdk: Any = WireServerSdk(transport=RecordingTransport())
    with pytest.raises(error, match=text):
        sdk.to(ids(1), **{"via": world.fanout()} | options)


def test_expires_in_without_a_queue_is_an_unknown_option() -> None:
    sdk: Any = WireServerSdk(transport=RecordingTransport())
    with pytest.raises(TypeError, match=r"to\(\) has no option expires_in=: its options are max_in_flight="):
        sdk.to(ids(1), expires_in=900)


def test_a_topic_without_a_store_is_refused(world: FanoutWorld) -> None:
    with pytest.raises(TypeError, match="needs a connection store"):
        WireServerSdk(transport=RecordingTransport()).to(topic="lobby", via=world.fanout())


def test_an_id_that_is_not_a_string_ends_the_job_and_its_note_names_it(world: FanoutWorld) -> None:
    connection_ids: Any = [*ids(3), 5]
    with pytest.raises(TypeError, match="a connection id must be a string, not int") as caught:
        world.start(connection_ids)
    assert "This ended the job " in caught.value.__notes__[0]


def test_an_id_that_is_not_unicode_text_fails_alone(world: FanoutWorld) -> None:
    transport = CountingTransport()
    job = world.start([*ids(2), "L0SM\ud800g=", *ids(4)[2:]])
    assert job.recipients == 5
    world.run(world.worker(transport))
    assert transport.reached == ids(4)
    assert world.progress.of(job.id) == FanoutProgress(5, 4, 0, 1, 0, done=True)


def test_progress_that_is_not_stored_cannot_be_read(world: FanoutWorld) -> None:
    fanout = world.fanout(progress=None)
    job = world.start(ids(1), via=fanout)
    with pytest.raises(FanoutError, match="SqsFanout has no progress="):
        fanout.progress(job.id)
    with pytest.raises(FanoutError, match=r"there is no such job.*\(job 5\)"):
        world.progress.of("5")


def test_a_fifo_queue_and_what_is_not_a_client_are_refused(world: FanoutWorld) -> None:
    with pytest.raises(ValueError, match="standard queue"):
        SqsFanout("https://sqs.eu-west-1.amazonaws.com/123456789012/jobs.fifo", client=world.sqs)
    wrong: Any = object()
    with pytest.raises(TypeError, match=r"client= must be boto3.client\('sqs'\), not object"):
        SqsFanout(world.queue_url, client=wrong)
    with pytest.raises(TypeError, match="queue_url= must be the URL of a queue, not object"):
        SqsFanout(wrong, client=world.sqs)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("AWS_PROFILE", "nobody"), ("AWS_DEFAULTS_MODE", "x"), ("credential_process", "echo no")],
)
def test_a_client_with_settings_that_cannot_work_cannot_be_made(
    setting: str, value: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    if setting == "credential_process":
        config = tmp_path / "config"
        config.write_text(f"[default]\n{setting} = {value}\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    else:
        monkeypatch.setenv(setting, value)
    with pytest.raises(FanoutError, match="a client of SQS cannot be made: ") as caught:
        SqsFanout("https://sqs.eu-west-1.amazonaws.com/123456789012/jobs")
    assert caught.value.__cause__ is not None


def test_a_client_whose_methods_return_coroutines_is_refused_at_its_first_call(world: FanoutWorld) -> None:
    class Wrapping:
        async def _call(self, **_parameters: Any) -> None: ...

        def send_message_batch(self, **parameters: Any) -> Any:
            return self._call(**parameters)

        get_queue_attributes = get_queue_url = send_message_batch

    with pytest.raises(TypeError, match=r"client= is async .*: pass a client of boto3, which runs on threads"):
        world.start(ids(1), via=SqsFanout(world.queue_url, client=Wrapping()))


def test_shards_are_the_same_after_their_way_through_a_queue() -> None:
    shard = Shard("f00d", 7, "chat.v1.ChatService.Said", b"{}", ("a", "b", "a"), 1_800_000_000.25, 3)
    assert Shard.from_text(shard.to_text()) == shard
    assert shard.remainder(["b"]) == shard._replace(connection_ids=("b",), attempt=4)
