"""One message to many clients through a server that answers late, as one on another machine does."""

import importlib.util
import json
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from scripts.benches.measuring import answering_server, compare

SECONDS = 0.02
"""From a request to its answer."""
POSTS = 10_000
FIXED = (64, 128, 256)
"""Numbers of connections to compare the default with, which adapts its own."""
MAX_ROUNDS = 5


def slow_answers(rounds: int, over: str, certificate: Path | None = None) -> dict[str, float]:
    """Measure posts per second of broadcasts in fresh interpreters, beside fixed numbers of connections.

    Args:
        rounds: The number of rounds. More than `MAX_ROUNDS` are not made.
        over: The end of each name, such as " over TLS".
        certificate: The server's, for TLS. `AWS_CA_BUNDLE` has to name its authority.
    """
    taken: dict[str, list[dict[str, float]]] = defaultdict(list)
    with answering_server(certificate, SECONDS) as url:

        def rate(name: str, loop: str, max_in_flight: int = 0) -> Callable[[], float]:
            program = Path(__file__).parent / "slow_broadcast.py"
            command = [sys.executable, str(program), url, loop, str(POSTS), str(max_in_flight)]

            def measure() -> float:
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                taken[name].append(json.loads(done.stdout))
                return taken[name][-1]["/s"]

            return measure

        rates = {f"http, {number} in flight": ("none", number) for number in FIXED}
        fixed = list(rates)
        rates |= {"http": ("none", 0), "async http": ("asyncio", 0)}
        if importlib.util.find_spec("uvloop") is None:
            print("uvloop is not installed; no comparison with it")
        else:
            rates["async http, uvloop"] = ("uvloop", 0)
        print(f"broadcast: posts per second{over} with answers after {SECONDS * 1e3:g} ms, {POSTS:,} clients a round")
        runs = {name: rate(name, loop, number) for name, (loop, number) in rates.items()}
        figures = compare(runs, min(rounds, MAX_ROUNDS), base="http", unit="/s", warm_up=False)
    best = max(fixed, key=lambda name: figures[f"{name} /s"])
    for name in rates:
        sockets, memory, cpu = (statistics.median(one[key] for one in taken[name]) for key in ("sockets", "MiB", "µs"))
        share = figures[f"{name} /s"] / figures[f"{best} /s"]
        figures |= {f"{name}, of the best fixed number": share, f"{name}, open sockets": sockets}
        figures |= {f"{name}, MiB": memory, f"{name}, µs of CPU per post": cpu}
        print(
            f"  {name:28} {share:.2f} of {best}; {sockets:.0f} open sockets, {memory:.1f} MiB at most,"
            f" {cpu:.1f} µs of CPU per post"
        )
    return {f"{name}{over}, late answers": figure for name, figure in figures.items()}
