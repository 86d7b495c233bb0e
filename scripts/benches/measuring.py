"""Helpers of the benchmarks. Alternatives are measured in turn, and their ratios are computed per round."""

import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "chat"


@contextlib.contextmanager
def answering_server(certificate: Path | None = None, delay: float = 0) -> Iterator[str]:
    """Run a server in another process, so that its CPU time is not measured, and yield its URL.

    Args:
        certificate: A file with a key and a certificate; `None` for no TLS.
        delay: Seconds from a request to its answer.
    """
    command: list[str | Path] = [sys.executable, Path(__file__).parent / "server.py", "--delay", str(delay)]
    if certificate is not None:
        command += ["--certificate", certificate]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    scheme = "https" if certificate else "http"
    try:
        assert process.stdout is not None
        yield f"{scheme}://127.0.0.1:{int(process.stdout.readline())}/local"
    finally:
        process.terminate()
        process.communicate()


def certificate_and_bundle(folder: Path) -> tuple[Path, Path]:
    """Write a server's key and certificate to one file, and its authority to another; return both paths."""
    import trustme

    authority = trustme.CA()
    certificate, bundle = folder / "server.pem", folder / "authority.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
    authority.cert_pem.write_to_path(bundle)
    return certificate, bundle


def seconds(run: Callable[[], object], scale: float = 1.0) -> Callable[[], float]:
    def measure() -> float:
        started = time.perf_counter()
        run()
        return (time.perf_counter() - started) * scale

    return measure


def cpu(run: Callable[[], None], scale: float) -> Callable[[], float]:
    def measure() -> float:
        started = time.process_time()
        run()
        return (time.process_time() - started) * scale

    return measure


def compare(
    runs: dict[str, Callable[[], float]], rounds: int, *, base: str, unit: str, warm_up: bool = True
) -> dict[str, float]:
    """Measure all runs in turn for several rounds, and print medians and ratios.

    Args:
        runs: The runs by name. Each returns its figure.
        rounds: The number of rounds.
        base: The name of the run that the others are compared with.
        unit: The unit of the figures.
        warm_up: Whether a round that does not count comes first. Defaults to true.
    """
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + warm_up):
        for name, run in runs.items():
            figure = run()
            if number >= warm_up:
                taken[name].append(figure)
    figures: dict[str, float] = {}
    for name, values in taken.items():
        ratio = statistics.median(value / other for value, other in zip(values, taken[base], strict=True))
        figures[f"{name} {unit}"] = statistics.median(values)
        figures[f"{name} ratio"] = ratio
        print(
            f"  {name:28} median {statistics.median(values):9.3f} {unit}"
            f"  (min {min(values):.3f}, max {max(values):.3f})  {ratio:6.3f} of {base}"
        )
    return figures
