"""The memory of a broadcast."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from scripts.benches.measuring import compare

MANY = 1_000_000
FEW = 1_000


def memory(rounds: int) -> dict[str, float]:
    """Measure the peak memory of new interpreters that broadcast without I/O to many ids, of which 1% are gone."""

    def taken(count: int) -> Callable[[], float]:
        program = Path(__file__).parent / "memory_of_a_broadcast.py"

        def measure() -> float:
            done = subprocess.run([sys.executable, program, str(count)], capture_output=True, text=True, check=True)
            return int(done.stdout) / 1024

        return measure

    print("memory: peak MiB of a new interpreter that broadcasts to the ids of a generator, 1% of them gone")
    many, few = f"{MANY:,}", f"{FEW:,}"
    figures = compare({many: taken(MANY), few: taken(FEW)}, min(rounds, 3), base=few, unit="MiB")
    figures["difference MiB"] = figures[f"{many} MiB"] - figures[f"{few} MiB"]
    print(f"  the difference of the medians is {figures['difference MiB']:.1f} MiB")
    return figures
