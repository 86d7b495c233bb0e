"""A step of a Step Functions workflow, which sends the progress of a task to all connections of a user.

This Lambda function is not an integration of the WebSocket API. Its events do not have the callback URL, so the
environment variable PUSHWIRE_CALLBACK_URL has it. Its role needs the permission `execute-api:ManageConnections`.
"""

import logging
from typing import TypedDict

from chat.v1.chat_pb2 import Progress
from chat.v1.chat_pushwire import ChatServerSdk
from store import Store

logger = logging.getLogger("chat")
store = Store()
sdk = ChatServerSdk(on_gone=store.forget)


class Step(TypedDict):
    """The input of this step."""

    user: str
    task: str
    percent: int


class Result(TypedDict):
    """The output of this step."""

    accepted: int
    failed: int


def handler(step: Step, _context: object) -> Result:
    progress = Progress(task=step["task"], percent=step["percent"])
    report = sdk.to(store.of_user(step["user"])).report_progress(progress)
    for error in report.failed:
        logger.error("%s", error)
    return Result(accepted=report.accepted, failed=len(report.failed))


if __name__ == "__main__":
    import sys

    print(handler(Step(user=sys.argv[1], task=sys.argv[2], percent=int(sys.argv[3])), None))
