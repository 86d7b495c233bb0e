"""A topic of very many members in DynamoDB."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.dynoxide import client_of, dynoxide, dynoxide_program

from pushwire.store import DynamoDBStore
from scripts.benches.measuring import compare

MANY = 100_000
FEW = 10_000

CACHE = Path(__file__).parents[2] / ".pytest_cache" / "d" / "dynoxide"
"""Where the tests have npm install dynoxide."""


def store(rounds: int) -> dict[str, float]:
    """Measure the memory and the members a second of broadcasts without posts to topics in dynoxide."""
    CACHE.mkdir(parents=True, exist_ok=True)
    program = dynoxide_program(CACHE)
    if isinstance(program, str):
        print(f"store: skipped: {program}")
        return {}
    print("store: broadcasts without posts to the members of a topic in dynoxide; peak MiB of a new interpreter")
    with dynoxide(program) as url:
        for count in (FEW, MANY):
            fill(url, f"topic-{count}", count)
        last: dict[int, Any] = {}

        def taken(count: int) -> Callable[[], float]:
            script = Path(__file__).parent / "memory_of_a_topic.py"

            def measure() -> float:
                command = [sys.executable, str(script), url, "connections", f"topic-{count}"]
                last[count] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
                return float(last[count]["KiB"]) / 1024

            return measure

        many, few = f"{MANY:,}", f"{FEW:,}"
        figures = compare({many: taken(MANY), few: taken(FEW)}, min(rounds, 3), base=few, unit="MiB")
    figures["difference MiB"] = figures[f"{many} MiB"] - figures[f"{few} MiB"]
    of_many = last[MANY]
    figures["members per second"] = of_many["members"] / of_many["seconds"]
    figures["posts before the second page"] = of_many["posts before page"][1]
    print(f"  the difference of the medians is {figures['difference MiB']:.1f} MiB")
    print(f"  {figures['members per second']:,.0f} members a second")
    pages = len(of_many["posts before page"])
    print(f"  {of_many['posts before page'][1]:,} posts have left before the second of {pages} pages is read")
    return figures


def fill(url: str, topic: str, count: int) -> None:
    """Write the memberships of a topic, without the other rows of its connections."""
    target = DynamoDBStore("connections", client=client_of(url))
    if count == FEW:
        target.create_table()
    row = {
        "user_id": {"S": "ada"},
        "user_attributes": {"S": '{"name": "Ada"}'},
        "expires_at": {"N": str(int(time.time()) + 7_200)},
    }
    # Why not connect and join: they would take five calls for each member.
    target._table.write(puts=[target._keys.membership_row(row, topic, f"{number:015}=") for number in range(count)])  # noqa: SLF001
