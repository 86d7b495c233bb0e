"""Broadcasts beyond one process: a coordinator that queues shards, and workers that send them.

`SqsFanout` and `FanoutWorker` use SQS and Lambda. For another engine of tasks, use `ShardQueue` and `send_shard`.
"""

from pushwire.fanout.errors import FanoutError, ShardError
from pushwire.fanout.progress import DynamoDBProgress, FanoutProgress
from pushwire.fanout.queue import ShardQueue
from pushwire.fanout.sending import ShardResult, send_shard, send_shard_async
from pushwire.fanout.shard import Shard
from pushwire.fanout.sqs import SqsClient, SqsFanout
from pushwire.fanout.worker import FanoutWorker
from pushwire.server import FanoutJob

__all__ = [
    "DynamoDBProgress",
    "FanoutError",
    "FanoutJob",
    "FanoutProgress",
    "FanoutWorker",
    "Shard",
    "ShardError",
    "ShardQueue",
    "ShardResult",
    "SqsClient",
    "SqsFanout",
    "send_shard",
    "send_shard_async",
]
