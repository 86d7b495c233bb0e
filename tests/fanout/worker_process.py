"""Workers in processes of their own: each event that is read, one a line, is handled in a new child.

Arguments: the callback URL, the URL of SQS and DynamoDB, and the table. A line has the event, the seconds that remain,
and the place at which the child kills itself: `post:NUMBER`, `row` (between the last post and the row), `remainder`
(between the row and the remainder), or `nowhere`. The answer is `done`, or the signal that has ended the child.
"""

import json
import os
import signal
import sys
from typing import Any, NoReturn, cast

import boto3

from pushwire.fanout import DynamoDBProgress, FanoutWorker
from pushwire.transport import HttpTransport
from tests.fanout.world import REGION, Context, Intervening
from tests.server.world import WireServerSdk


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def clients(url: str) -> list[Intervening]:
    session = cast("Any", boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION))
    return [Intervening(session.client(service, endpoint_url=url)) for service in ("sqs", "dynamodb")]


class Dying(HttpTransport):
    """A transport that kills the process when a post has its outcome."""

    last = 0

    def post_many(self, connection_ids: Any, data: Any, options: Any, on_outcome: Any, /) -> tuple[str, ...]:
        posts = 0

        def outcome(connection_id: str, error: Any) -> None:
            nonlocal posts
            posts += 1
            if posts == self.last:
                die()
            on_outcome(connection_id, error)

        return super().post_many(connection_ids, data, options, outcome)


def main(callback_url: str, aws_url: str, table: str) -> None:
    sqs, dynamodb = clients(aws_url)
    transport = Dying(callback_url)
    progress = DynamoDBProgress(table, client=dynamodb)
    worker = FanoutWorker(WireServerSdk(transport=transport), client=sqs, progress=progress)
    for line in sys.stdin:
        event, remaining, place = json.loads(line)
        child = os.fork()
        if child == 0:
            kind, _, number = place.partition(":")
            transport.last = int(number or 0)

            def before(name: str, _parameters: Any, kind: str = kind) -> None:
                if name == "update_item" and kind == "row":
                    die()

            def after(name: str, parameters: Any, response: Any, kind: str = kind) -> Any:
                if name == "update_item" and kind == "remainder" and "unsent_ids" in str(parameters):
                    die()
                return response

            dynamodb.before, dynamodb.after = before, after
            worker(event, Context(remaining))
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print("done" if status == 0 else status, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
