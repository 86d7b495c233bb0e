"""The worker: a Lambda function for the events of an SQS queue."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from pushwire._checks import check_function
from pushwire._event_loop import LOOP
from pushwire._log import logger
from pushwire.fanout.errors import FanoutError
from pushwire.fanout.progress import BRIEF_CALLS, MAX_CALL, DynamoDBProgress, checked_progress
from pushwire.fanout.sending import ShardResult, operation_of, send_shard, send_shard_async
from pushwire.fanout.shard import Shard
from pushwire.fanout.sqs import SqsClient, put_shards, sqs_client
from pushwire.server import AsyncServerSdk, ServerSdk
from pushwire.store import StoreError
from pushwire.transport.rate_limit import RateLimit

__all__ = ["FanoutWorker"]

_RATE_VARIABLE: Final = "PUSHWIRE_FANOUT_RATE"

_RESERVED: Final = 4 + 3 * MAX_CALL
"""Seconds of an invocation in which no post starts: 4 for posts in flight, which time out after 1 + 3 seconds, and the
calls for the row, the queue's URL and the remainder. A function with less than 24 seconds sends for a third of them."""

_LEFT_FOR_ROW: Final = MAX_CALL + 1
"""Seconds that must be left to write a row if its read has failed: another such call, and one for the remainder."""


class FanoutWorker:
    """Lambda handler that sends the shards of an SQS queue: `handler = FanoutWorker(sdk, progress=progress)`.

    It sends each shard until the invocation's time is nearly over. Ids that were not sent return to the queue as a
    smaller shard. A shard that was finished before is skipped, if there is progress. The event source must have the
    batch size 1: an invocation that fails returns its whole batch to the queue. Give the function 30 seconds or more:
    no post starts in the last 16, which are kept for calls of DynamoDB and SQS that fail.

    It raises an error, so that SQS delivers the shard again and finally moves it to the dead-letter queue, if it is not
    a shard, has a newer version or an unknown operation, or if API Gateway refuses every request of it.

    Args:
        sdk: The Server SDK, or the async one, whose store then forgets the connections that are gone.
        progress: Where the progress of jobs is stored. Pass the same to `SqsFanout`. Defaults to `None`: it is not
            stored, and a shard that SQS delivers twice is sent twice.
        rate_limit: The budget of requests of this worker. With N concurrent workers it is an N-th of the whole budget.
            Defaults to the requests per second in the environment variable `PUSHWIRE_FANOUT_RATE`, which
            `pushwire.cdk.Fanout` sets, or else to no limit.
        client: Your own `boto3.client("sqs")`, which returns remainders. Its calls should fail within 4 seconds.
            Defaults to a new client, whose calls do.
        clock: Returns the time of day in seconds since the epoch. Defaults to `time.time`.

    Raises:
        FanoutError: A client cannot be made, for example because no region is known.
        ImportError: boto3 is not installed.
        TypeError: An argument has the wrong type, or `client` is not a sync client of SQS.
        ValueError: `PUSHWIRE_FANOUT_RATE` is not a number above 0.
    """

    def __init__(
        self,
        sdk: ServerSdk[Any, Any] | AsyncServerSdk[Any, Any],
        *,
        progress: DynamoDBProgress | None = None,
        rate_limit: RateLimit | None = None,
        client: SqsClient | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        given: object = sdk
        if not isinstance(given, ServerSdk | AsyncServerSdk):
            raise TypeError(f"sdk must be a Server SDK, such as ChatServerSdk(), not {given!r:.100}")
        budget: object = rate_limit
        if budget is not None and not isinstance(budget, RateLimit):
            raise TypeError(f"rate_limit= must be RateLimit(per_second=…), not {type(budget).__name__}")
        check_function("clock", clock)
        self._sdk = sdk
        self._progress = checked_progress(progress)
        self._rate_limit = _rate_of_environment() if rate_limit is None else rate_limit
        self._service = sqs_client(client, **BRIEF_CALLS)
        self._clock = clock
        self._urls: dict[str, str] = {}

    def __call__(self, event: Mapping[str, Any], context: Any, /) -> None:
        """Send the shard of an event.

        Args:
            event: An event of SQS with one message.
            context: Lambda's context object.

        Raises:
            ShardError: A message is not a shard, has a newer version, or an unknown operation.
            FanoutError: A remainder could not be returned to the queue. Or the event is not one of SQS, or has more
                than one message; nothing was sent then.
            pushwire.ForbiddenError: API Gateway refused every request of a shard.
            pushwire.CredentialsError: No AWS credentials were found.
        """
        records: Any = event.get("Records")
        if not records or any(record.get("eventSource") != "aws:sqs" for record in records):
            raise FanoutError(f"a FanoutWorker is called with an event of SQS, not with {str(event)!r:.200}")
        record, *others = records
        if others:
            # Why: a message that fails returns all of them to the queue, and those that were sent would be sent again.
            raise FanoutError(f"set the event source's batch size to 1: the event has {len(records)} messages")
        shard = Shard.from_text(record["body"])
        operation_of(self._sdk, shard)
        result = self._stored(shard)
        if not isinstance(result, ShardResult):
            error, result = result, self._send(shard, _seconds_left(context))
            if error is None or _seconds_left(context) >= _LEFT_FOR_ROW:
                result = self._record(shard, result)
        if result.unsent:
            url = self._url_of(record["eventSourceARN"])
            put_shards(self._service, url, [shard.remainder(result.unsent)], result.delay)

    def _send(self, shard: Shard, remaining: float) -> ShardResult:
        deadline = max(remaining - _RESERVED, remaining / 3)
        sdk = self._sdk
        if isinstance(sdk, AsyncServerSdk):
            return LOOP.run(
                lambda: send_shard_async(sdk, shard, deadline=deadline, rate_limit=self._rate_limit, clock=self._clock)
            )
        return send_shard(sdk, shard, deadline=deadline, rate_limit=self._rate_limit, clock=self._clock)

    def _stored(self, shard: Shard) -> ShardResult | StoreError | None:
        """Return the result of a shard that was finished before, or why its row cannot be read."""
        if self._progress is None:
            return None
        try:
            result = self._progress.result_of(shard)
        except StoreError as error:
            self._log_incomplete(shard, error)
            return error
        if result is not None:
            logger("fanout").info(
                "%s: job %s: shard %s was finished before, and is delivered again",
                *(shard.operation, shard.job_id, shard.number),
                extra=_facts(shard),
            )
        return result

    def _record(self, shard: Shard, result: ShardResult) -> ShardResult:
        """Store a result, and return the one that is stored.

        Why before the remainder is queued: a worker that is killed in between gets the shard again, and finds which ids
        to queue. In the other order it would send all of them again, and count them twice.
        """
        if self._progress is None:
            return result
        try:
            return self._progress.record(shard, result)._replace(delay=result.delay)
        except StoreError as error:
            # Why not raised: SQS would deliver the shard again, and each connection would get the message twice.
            self._log_incomplete(shard, error)
            return result

    def _url_of(self, arn: str) -> str:
        if arn not in self._urls:
            *_, account, name = arn.split(":")
            names = {"QueueName": name, "QueueOwnerAWSAccountId": account}
            answer = self._service.call(f"get_queue_url of {arn}", self._service.client.get_queue_url, **names)
            self._urls[arn] = answer["QueueUrl"]
        return self._urls[arn]

    def _log_incomplete(self, shard: Shard, error: StoreError) -> None:
        logger("fanout").warning(
            "%s: job %s: its progress stays incomplete: %s",
            *(shard.operation, shard.job_id, error),
            extra=_facts(shard),
        )


def _rate_of_environment() -> RateLimit | None:
    value = os.environ.get(_RATE_VARIABLE)
    if not value:
        return None
    try:
        return RateLimit(per_second=float(value))
    except ValueError:
        raise ValueError(f"{_RATE_VARIABLE} must be a number of requests per second, not {value!r:.100}") from None


def _seconds_left(context: Any) -> float:
    return float(context.get_remaining_time_in_millis() / 1000)


def _facts(shard: Shard) -> dict[str, object]:
    return {"operation": shard.operation, "job_id": shard.job_id, "shard": shard.number}
