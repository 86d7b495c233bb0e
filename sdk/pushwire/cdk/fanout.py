"""The queue and the worker of broadcasts beyond one process."""

from typing import Final, cast

from aws_cdk import Annotations, Duration, Stack
from aws_cdk.aws_cloudwatch import Alarm, ComparisonOperator, TreatMissingData
from aws_cdk.aws_dynamodb import ITable
from aws_cdk.aws_iam import Grant, IGrantable
from aws_cdk.aws_lambda import CfnFunction, Function, FunctionBase
from aws_cdk.aws_lambda_event_sources import SqsEventSource
from aws_cdk.aws_sqs import DeadLetterQueue, Queue
from constructs import Construct

from pushwire.cdk.api import WebSocketApi
from pushwire.cdk.errors import InfrastructureError

__all__ = ["Fanout"]

QUEUE_VARIABLE: Final = "PUSHWIRE_FANOUT_QUEUE_URL"
RATE_VARIABLE: Final = "PUSHWIRE_FANOUT_RATE"
TABLE_VARIABLE: Final = "PUSHWIRE_FANOUT_TABLE"

_TIMEOUT: Final = 30
"""Seconds. Why short: a crashed worker's shard is delivered again only after six times this time."""

_VISIBILITY_FACTOR: Final = 6
"""What AWS recommends ("Using Lambda with Amazon SQS": at least six times the function's timeout)."""

DEFAULT_EXPIRES_IN: Final = 900
"""Seconds after which a job expires, unless it has `expires_in=`. They must exceed the visibility timeout."""


class Fanout(Construct):
    """A standard SQS queue with a dead-letter queue and alarms, whose messages a worker function sends.

    The worker's handler is a `pushwire.fanout.FanoutWorker`. It gets the messages one by one, a time-out of 30 seconds
    if it has none, the permissions to send to connections and to return messages to the queue, `PUSHWIRE_CALLBACK_URL`,
    and its share of the rate in `PUSHWIRE_FANOUT_RATE`. Lambda's detection of recursive loops is off for it. Why: it
    would stop a worker that returns remainders to its own queue.

    A shard is delivered again after six times the worker's time-out, and jobs must last longer. Synthesis prints a
    warning if `expires_in=` must be above its default of 900 seconds: if the time-out is 150 seconds or longer.

    Args:
        scope: The parent construct.
        id: The id of this construct in its parent.
        worker: The worker function, which this app must define: not an alias, a version or an imported function.
        api: The API whose connections the worker sends to.
        max_workers: The largest number of workers that run at the same time, from 2 to 1,000.
        requests_per_second: The rate of all workers together. Each gets an equal share. The account's quota is 10,000
            in most regions ("Amazon API Gateway quotas").
        progress_table: The table of `pushwire.fanout.DynamoDBProgress`, such as that of the connection store. If it has
            a customer-managed key, functions may use that. Defaults to `None`: progress is not stored.
        max_receive_count: How often a shard is delivered before it moves to the dead-letter queue. Defaults to 5.
        max_age: The age of a message in the queue at which the alarm is raised. Defaults to 10 minutes.

    Attributes:
        queue: The queue.
        dead_letter_queue: The queue of the shards that could not be sent, which keeps them for 14 days.
        age_alarm: The alarm on the age of the oldest message. Add actions to it.
        dead_letter_alarm: The alarm on messages in the dead-letter queue. Add actions to it.

    Raises:
        InfrastructureError: A number is out of range, or the worker is not defined in this app.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002  # CDK's name
        *,
        worker: FunctionBase,
        api: WebSocketApi,
        max_workers: int,
        requests_per_second: float,
        progress_table: ITable | None = None,
        max_receive_count: int = 5,
        max_age: Duration | None = None,
    ) -> None:
        super().__init__(scope, id)
        if not isinstance(worker, Function):
            raise InfrastructureError(
                f"worker must be a Function that this app defines, not {type(worker).__name__}: its settings change"
            )
        if not 2 <= max_workers <= 1_000:
            raise InfrastructureError(f"max_workers must be from 2 to 1,000, as SQS demands, not {max_workers}")
        if requests_per_second <= 0:
            raise InfrastructureError(f"requests_per_second must be above 0, not {requests_per_second}")
        self._table = progress_table
        self._worker, self._api = worker, api
        timeout = worker.timeout.to_seconds() if worker.timeout is not None else _TIMEOUT
        visibility_timeout = timeout * _VISIBILITY_FACTOR
        if visibility_timeout >= DEFAULT_EXPIRES_IN:
            Annotations.of(self).add_warning_v2(
                "pushwire:fanout-expires-in",
                f"The queue has a visibility timeout of {visibility_timeout:g} seconds, {_VISIBILITY_FACTOR} times the "
                f"worker's time-out. Pass a longer expires_in= to every job, whose default is {DEFAULT_EXPIRES_IN}, or "
                "shorten the time-out.",
            )
        self.dead_letter_queue = Queue(self, "DeadLetters", retention_period=Duration.days(14))
        self.queue = Queue(
            self,
            "Queue",
            visibility_timeout=Duration.seconds(visibility_timeout),
            dead_letter_queue=DeadLetterQueue(queue=self.dead_letter_queue, max_receive_count=max_receive_count),
        )
        resource = cast("CfnFunction", worker.node.default_child)
        resource.timeout = timeout
        resource.recursive_loop = "Allow"
        worker.add_event_source(SqsEventSource(self.queue, batch_size=1, max_concurrency=max_workers))
        worker.add_environment(RATE_VARIABLE, f"{requests_per_second / max_workers:g}")
        self.queue.grant(worker, "sqs:SendMessage", "sqs:GetQueueUrl")
        api.grant_sdk(worker)
        self._grant_progress(worker, "dynamodb:GetItem", "dynamodb:UpdateItem")
        self.age_alarm = Alarm(
            self,
            "AgeAlarm",
            alarm_description="Messages of broadcasts wait for long: the workers are too slow, or fail.",
            metric=self.queue.metric_approximate_age_of_oldest_message(period=Duration.minutes(1)),
            threshold=(max_age or Duration.minutes(10)).to_seconds(),
            evaluation_periods=1,
            comparison_operator=ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=TreatMissingData.NOT_BREACHING,
        )
        self.dead_letter_alarm = Alarm(
            self,
            "DeadLetterAlarm",
            alarm_description="A part of a broadcast could not be sent.",
            metric=self.dead_letter_queue.metric_approximate_number_of_messages_visible(period=Duration.minutes(1)),
            threshold=0,
            evaluation_periods=1,
            comparison_operator=ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=TreatMissingData.NOT_BREACHING,
        )

    def grant_start(self, function: Function) -> Grant:
        """Let a function start jobs: `PUSHWIRE_FANOUT_QUEUE_URL`, `PUSHWIRE_FANOUT_TABLE` and the permissions.

        It may send to the queue and read its settings, and write and read the progress of jobs.

        Args:
            function: The function, which this app must define.

        Returns:
            The grant of the permission to send to the queue.

        Raises:
            InfrastructureError: The queue's stack has the worker or the API, which depend on the function's stack.
        """
        if self._depends_on(Stack.of(function)):
            raise InfrastructureError(
                f"{function.node.path} cannot start jobs of {self.node.path}: the worker or the API in its stack "
                "depends on the function's stack, so the two stacks would depend on each other. Define the Fanout in "
                "the stack of the function, and the worker in another one"
            )
        function.add_environment(QUEUE_VARIABLE, self.queue.queue_url)
        self._grant_progress(function, "dynamodb:PutItem", "dynamodb:Query")
        return self.queue.grant(cast("IGrantable", function), "sqs:SendMessage", "sqs:GetQueueAttributes")

    def _grant_progress(self, function: Function, *actions: str) -> None:
        if self._table is None:
            return
        function.add_environment(TABLE_VARIABLE, self._table.table_name)
        grantee = cast("IGrantable", function)
        if self._table.encryption_key is not None:  # which the table's own grant leaves out
            self._table.encryption_key.grant_encrypt_decrypt(grantee)
        self._table.grant(grantee, *actions)

    def _depends_on(self, stack: Stack) -> bool:
        own, of_api, of_worker = (Stack.of(each).node.addr for each in (self, self._api, self._worker))
        below = {of_api, *self._api.upstream_stacks()} if own in (of_api, of_worker) else set[str]()
        return stack.node.addr != own and stack.node.addr in below
