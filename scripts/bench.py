"""Runs benchmarks. Compare the ratios in one run, because absolute figures depend on the machine and its load."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pushwire
from scripts.benches.broadcast import broadcast
from scripts.benches.client import client
from scripts.benches.codegen import codegen
from scripts.benches.coldstart import coldstart
from scripts.benches.decode import decode
from scripts.benches.dispatch import dispatch
from scripts.benches.fanout import fanout
from scripts.benches.gateway import gateway
from scripts.benches.importing import importing
from scripts.benches.memory import memory
from scripts.benches.replies import replies
from scripts.benches.send import send
from scripts.benches.size import size
from scripts.benches.store import store
from scripts.benches.transport import transport

BENCHES: dict[str, Callable[[int], dict[str, float]]] = {
    "broadcast": broadcast,
    "client": client,
    "codegen": codegen,
    "coldstart": coldstart,
    "transport": transport,
    "decode": decode,
    "dispatch": dispatch,
    "fanout": fanout,
    "gateway": gateway,
    "importing": importing,
    "memory": memory,
    "replies": replies,
    "send": send,
    "store": store,
}
BY_NAME = BENCHES | {"size": size}
"""All benchmarks. `size` runs only when it is named, because it downloads from the package index."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument(
        "bench",
        choices=[*BY_NAME, []],
        nargs="*",
        metavar="bench",
        help=f"the benchmarks to run: {', '.join(BENCHES)} (default: all of these), or size",
    )
    parser.add_argument("--rounds", type=int, default=7, help="the number of interleaved rounds (default: 7)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file, as JSON")
    arguments = parser.parse_args()
    figures = {name: BY_NAME[name](arguments.rounds) for name in arguments.bench or BENCHES}
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    os.environ.pop("PUSHWIRE_CALLBACK_URL", None)
    print(f"pushwire {pushwire.__version__}, Python {sys.version.split()[0]}, {os.cpu_count()} processors")
    sys.exit(main())
