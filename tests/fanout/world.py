"""A queue with its dead-letter queue, the coordinator, and a poller that invokes workers as Lambda does."""

import json
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

from pushwire import SendError
from pushwire.fanout import DynamoDBProgress, FanoutWorker, Shard, SqsFanout
from pushwire.testing import RecordingTransport
from pushwire.transport import FanOutOptions, Transport
from tests.server.world import LEAF, SEND_LEAF, WireServerSdk

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sqs import SQSClient

REGION = "eu-west-1"
NUMBERS = count()
VISIBILITY_TIMEOUT = 180
MAX_RECEIVES = 3
HELLO = LEAF(leaf_name="Hello!")

Worker = Callable[[Any, Any], None]
Failures = Mapping[str, SendError]


class Killed(BaseException):
    """The end of a worker's process, at one place of its code."""


class Context:
    """Lambda's context object of an invocation that has this many seconds left."""

    def __init__(self, remaining: float = 30) -> None:
        self._remaining = remaining

    def get_remaining_time_in_millis(self) -> int:
        return int(self._remaining * 1000)


class Intervening:
    """A client of boto3 whose calls a test can observe, or replace by raising an exception.

    Attributes:
        before: Called with the name of the operation and its parameters before the call.
        after: Called with the same, and the response, after the call. Its result replaces the response.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self.before: Callable[[str, Any], None] = lambda _name, _parameters: None
        self.after: Callable[[str, Any, Any], Any] = lambda _name, _parameters, response: response

    def __getattr__(self, name: str) -> Any:
        if name in ("meta", "_make_api_call", "get_waiter"):
            return getattr(self._client, name)

        def call(**parameters: Any) -> Any:
            self.before(name, parameters)
            return self.after(name, parameters, getattr(self._client, name)(**parameters))

        return call


class CountingTransport(RecordingTransport):
    """A recording transport that respects the deadline as a number of posts, and can be killed before a post.

    Attributes:
        posts_before_deadline: The number of posts that a `post_many` makes before its deadline.
        killed_at: The number of the post, from 0, at which the process is killed.
    """

    def __init__(self, failures: Failures | None = None) -> None:
        super().__init__(failures=failures)
        self.posts_before_deadline = 1_000_000
        self.killed_at: int | None = None

    def post_many(
        self,
        connection_ids: Iterable[str],
        data: bytes,
        options: FanOutOptions,
        on_outcome: Callable[[str, SendError | None], object],
        /,
    ) -> tuple[str, ...]:
        for number, connection_id in enumerate(connection_ids):
            if len(self.posts) == self.killed_at:
                self.killed_at = None
                raise Killed
            super().post_many([connection_id], data, options, on_outcome)
            if number + 1 == self.posts_before_deadline:
                break  # as real transports do, it leaves the ids that it has not read to the caller
        return ()

    @property
    def reached(self) -> list[str]:
        """The ids whose posts were accepted, in order."""
        return [post.connection_id for post in self.posts]


class FanoutWorld:
    """Everything between a job and its connections, in this process.

    Attributes:
        sqs: A client of SQS, for the coordinator and the workers.
        dynamodb: A client of DynamoDB, for the progress.
        now: The time of day.
        invocations: The number of invocations.
        failures: The exceptions of the invocations that failed.
    """

    def __init__(
        self,
        sqs: "SQSClient | Intervening",
        dynamodb: "DynamoDBClient | Intervening",
        *,
        visibility_timeout: int = VISIBILITY_TIMEOUT,
    ) -> None:
        self._sqs = sqs
        self.sqs = Intervening(sqs)
        self.dynamodb = Intervening(dynamodb)
        self.now = 1_800_000_000.0
        self.invocations = 0
        self.failures: list[BaseException] = []
        self.name = f"jobs-{next(NUMBERS)}"
        self.dead_url = sqs.create_queue(QueueName=f"{self.name}-dead")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=self.dead_url, AttributeNames=["QueueArn"])["Attributes"]
        redrive = {"deadLetterTargetArn": attributes["QueueArn"], "maxReceiveCount": MAX_RECEIVES}
        settings: Any = {"VisibilityTimeout": str(visibility_timeout), "RedrivePolicy": json.dumps(redrive)}
        self.queue_url = sqs.create_queue(QueueName=self.name, Attributes=settings)["QueueUrl"]
        self.progress = DynamoDBProgress(self.name, client=self.dynamodb, clock=self.clock)
        self.progress.create_table()
        self.sqs.before = self.send_without_delay
        self.delays: list[int] = []

    def clock(self) -> float:
        return self.now

    def send_without_delay(self, name: str, parameters: Any) -> None:
        """Note the delay of each message, and send it without one: the tests do not wait."""
        if name == "send_message_batch":
            for entry in parameters["Entries"]:
                self.delays.append(entry.pop("DelaySeconds", 0))

    def fanout(self, **options: Any) -> SqsFanout:
        """Return the coordinator's queue."""
        settings: dict[str, Any] = {"client": self.sqs, "progress": self.progress, "clock": self.clock} | options
        return SqsFanout(self.queue_url, **settings)

    def worker(self, transport: Transport, **options: Any) -> FanoutWorker:
        """Return a worker that posts through a transport."""
        settings: dict[str, Any] = {"client": self.sqs, "progress": self.progress, "clock": self.clock} | options
        store = settings.pop("store", None)
        return FanoutWorker(WireServerSdk(transport=transport, store=store), **settings)

    def start(self, connection_ids: Iterable[str], **options: Any) -> Any:
        """Queue a message for connections, by default a greeting."""
        sdk = WireServerSdk(transport=RecordingTransport())
        via = options.pop("via", None) or self.fanout()
        message = options.pop("message", HELLO)
        return sdk.to(connection_ids, via=via, **options).send_leaf(message)

    def run(self, worker: Worker, *, context: Context | None = None) -> None:
        """Invoke a worker with each message until the queue is empty, as an event source with batch size 1 does."""
        while self.run_once(worker, context=context):
            pass

    def run_once(self, worker: Worker, *, context: Context | None = None) -> bool:
        """Invoke a worker with the next message; return whether there was one.

        A message whose invocation failed is delivered again at once, without the visibility timeout.
        """
        found = self._sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=1)
        if not found.get("Messages"):
            return False
        (message,) = found["Messages"]
        handle = message["ReceiptHandle"]
        self.invocations += 1
        try:
            worker(event_of(message["Body"], self.name), context or Context())
        except (Exception, Killed) as failure:  # noqa: BLE001 - what Lambda does
            self.failures.append(failure)
            self._sqs.change_message_visibility(QueueUrl=self.queue_url, ReceiptHandle=handle, VisibilityTimeout=0)
        else:
            self._sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=handle)
        return True

    def put_text(self, text: str) -> None:
        """Put a message into the queue."""
        self._sqs.send_message(QueueUrl=self.queue_url, MessageBody=text)

    def dead_letters(self) -> list[str]:
        """Return the messages in the dead-letter queue."""
        found: list[str] = []
        while messages := self._sqs.receive_message(QueueUrl=self.dead_url, MaxNumberOfMessages=10).get("Messages"):
            found += [message["Body"] for message in messages]
        return found

    def queued(self) -> list[Shard]:
        """Return the shards in the queue, and empty it."""
        found: list[Shard] = []
        while messages := self._sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(Shard.from_text(message["Body"]))
                self._sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return found


def event_of(text: str, queue: str = "jobs") -> dict[str, Any]:
    """Return Lambda's event of a message in a queue."""
    return {
        "Records": [
            {
                "messageId": "c80e8021-a70a-42c7-a470-796e1186f753",
                "body": text,
                "attributes": {"ApproximateReceiveCount": "1"},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:{queue}",
                "awsRegion": REGION,
            }
        ]
    }


def ids(count: int) -> list[str]:
    """Return connection ids with the length of API Gateway's."""
    return [f"L0SM{number:010d}g=" for number in range(count)]


def shard_of(connection_ids: Iterable[str], **fields: Any) -> Shard:
    """Return a shard of a job."""
    settings: dict[str, Any] = {
        "job_id": "f00d",
        "number": 0,
        "operation": SEND_LEAF.full_name,
        "frame": b'{"route":"SendLeaf","payload":{"leafName":"Hello!"}}',
        "connection_ids": tuple(connection_ids),
        "expires_at": 1_800_000_900.0,
    }
    return Shard(**settings | fields)
