"""Broadcasts to a topic of a store in DynamoDB without posting, and prints its peak memory and what it did, as JSON.

Linux only. Why not `resource.getrusage`: it includes the memory of the parent process at the fork.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "examples" / "chat")]

from tests.support.dynoxide import client_of  # noqa: E402

from chat.v1.chat_pb2 import Greeting  # noqa: E402 - after the change of the path
from chat.v1.chat_pushwire import ChatServerSdk  # noqa: E402
from pushwire.errors import SendError  # noqa: E402
from pushwire.store import DynamoDBStore  # noqa: E402
from pushwire.testing import RecordingTransport  # noqa: E402


class CountsPosts(RecordingTransport):
    """A transport that only counts posts."""

    count = 0

    def post_many(
        self,
        connection_ids: Iterable[str],
        _data: bytes,
        _options: Any,
        on_outcome: Callable[[str, SendError | None], object],
        /,
    ) -> tuple[str, ...]:
        for connection_id in connection_ids:
            self.count += 1
            on_outcome(connection_id, None)
        return ()

    def on_send_complete(self, *_: object) -> None: ...


if __name__ == "__main__":
    url, table, topic = sys.argv[1:]
    client, transport, posts_before_page = client_of(url), CountsPosts(), list[int]()
    client.meta.events.register("before-call.dynamodb.Query", lambda **_: posts_before_page.append(transport.count))
    sdk = ChatServerSdk(transport=transport, store=DynamoDBStore(table, client=client))
    started = time.perf_counter()
    report = sdk.to(topic=topic).send_greeting(Greeting(greeting="Hello!"))
    taken = time.perf_counter() - started
    memory = next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line).split()[1]
    figures = {"members": report.accepted, "seconds": taken, "KiB": int(memory), "posts before page": posts_before_page}
    print(json.dumps(figures))
