"""A step of a Step Functions workflow: it sends the progress of a task to all connections of a user.

The function receives no event of the WebSocket API. Its environment contains the callback URL as
PUSHWIRE_CALLBACK_URL and the table of connections as PUSHWIRE_STORE. Its role allows
`execute-api:ManageConnections`, and to read the table.
"""

import logging
from typing import TypedDict

from chat.v1.chat_pb2 import Progress
from chat.v1.chat_pushwire import ChatServerSdk
from pushwire.store import store_from_environment

logger = logging.getLogger("chat")
sdk = ChatServerSdk(store=store_from_environment())


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
    report = sdk.to(user=step["user"]).report_progress(progress)
    for error in report.failed:
        logger.error("%s", error)
    return StepResult(accepted=report.accepted, failed=len(report.failed))


if __name__ == "__main__":
    import sys

    print(handler(Step(user=sys.argv[1], task=sys.argv[2], percent=int(sys.argv[3])), None))
