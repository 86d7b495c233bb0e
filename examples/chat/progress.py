"""A step of a Step Functions workflow: it tells a user how far a task has come, on each of the user's connections.

It is no Lambda of the WebSocket API, so no event tells it where to post: its environment does, in
PUSHWIRE_CALLBACK_URL, and its role may call `execute-api:ManageConnections`.
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
    """What the workflow gives to this step."""

    user: str
    task: str
    percent: int


class Told(TypedDict):
    """What it gets back."""

    accepted: int
    failed: int


def handler(step: Step, _context: object) -> Told:
    progress = Progress(task=step["task"], percent=step["percent"])
    report = sdk.to(store.of_user(step["user"])).report_progress(progress)
    for error in report.failed:
        logger.error("%s", error)
    return Told(accepted=report.accepted, failed=len(report.failed))


if __name__ == "__main__":
    import sys

    print(handler(Step(user=sys.argv[1], task=sys.argv[2], percent=int(sys.argv[3])), None))
