"""A step of a Step Functions workflow: it sends the progress of a task to all connections of a user.

The function receives no event of the WebSocket API. Its environment contains the callback URL as
PUSHWIRE_CALLBACK_URL, and its role allows `execute-api:ManageConnections`.
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
    """The input of the step."""

    user: str
    task: str
    percent: int


class StepResult(TypedDict):
    """The result of the step: the numbers of accepted and failed sends."""

    accepted: int
    failed: int


def handler(step: Step, _context: object) -> StepResult:
    progress = Progress(task=step["task"], percent=step["percent"])
    report = sdk.to(store.of_user(step["user"])).report_progress(progress)
    for error in report.failed:
        logger.error("%s", error)
    return StepResult(accepted=report.accepted, failed=len(report.failed))


if __name__ == "__main__":
    import sys

    print(handler(Step(user=sys.argv[1], task=sys.argv[2], percent=int(sys.argv[3])), None))
