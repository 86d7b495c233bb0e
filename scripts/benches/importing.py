"""The cold start of a Lambda function that receives messages."""

import functools
import os
import subprocess
import sys
from collections.abc import Callable

from scripts.benches.measuring import EXAMPLE, compare, seconds


def importing(rounds: int) -> dict[str, float]:
    """Measure new interpreters that import a generated server module and construct its router."""
    router = "from chat.v1.chat_pushwire import ChatRouter; ChatRouter()"
    bare = "import chat.v1.chat_pb2; from google.protobuf import json_format"

    def interpreter(code: str) -> Callable[[], object]:
        return functools.partial(subprocess.run, [sys.executable, "-c", code], cwd=EXAMPLE, check=True, env=compiled)

    # Bytecode is written in the warm-up round and used later, as on Lambda.
    compiled = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    rounds = max(rounds, 20)
    print(f"importing: milliseconds of wall time of a new interpreter, {rounds} of each")
    figures = compare(
        {
            "server module and router": seconds(interpreter(router), 1e3),
            "_pb2 and json_format": seconds(interpreter(bare), 1e3),
        },
        rounds,
        base="_pb2 and json_format",
        unit="ms",
    )
    figures["difference ms"] = figures["server module and router ms"] - figures["_pb2 and json_format ms"]
    print(f"  the difference of the medians is {figures['difference ms']:.1f} ms")
    return figures
