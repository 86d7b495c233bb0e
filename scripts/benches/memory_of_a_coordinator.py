"""Prints the peak of the memory that a coordinator allocates for a number of recipients, in MiB."""

import sys
import tracemalloc
from typing import Any

from scripts.benches.measuring import EXAMPLE

sys.path.insert(0, str(EXAMPLE))

from chat.v1.chat_pb2 import Greeting
from chat.v1.chat_pushwire import ChatServerSdk
from pushwire.fanout import SqsFanout
from pushwire.testing import RecordingTransport


class Queue:
    """A client of SQS that accepts every message."""

    def send_message_batch(self, **_parameters: Any) -> Any:
        return {}

    def get_queue_attributes(self, **_parameters: Any) -> Any:
        return {"Attributes": {"VisibilityTimeout": "180"}}

    def get_queue_url(self, **_parameters: Any) -> Any:
        return {}


def main(recipients: int) -> None:
    sdk = ChatServerSdk(transport=RecordingTransport())
    fanout = SqsFanout("https://sqs.eu-west-1.amazonaws.com/123456789012/jobs", client=Queue())
    ids = (f"L0SM{number:010d}g=" for number in range(recipients))
    tracemalloc.start()
    assert sdk.to(ids, via=fanout).send_greeting(Greeting(greeting="Hello!")).recipients == recipients
    print(tracemalloc.get_traced_memory()[1] / 2**20)


if __name__ == "__main__":
    main(int(sys.argv[1]))
