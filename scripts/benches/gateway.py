"""The throughput and memory of the local gateway with many connections, compared with nginx."""

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts.benches.nginx import nginx, nginx_path

CONNECTIONS = 2_000
POSTS = 50
SENDERS = 32
NGINX_POSTS = 50_000


def gateway(_rounds: int) -> dict[str, float]:
    """Measure posts to many connections. Each connection has one sender, which posts sequentially."""
    print(f"gateway: {CONNECTIONS:,} open connections, {POSTS} posts to each by {SENDERS} sequential senders")
    with running("gateway_server") as server:
        port = int(line(server))
        before = resident(server.pid)
        url = f"ws://127.0.0.1:{port}/local"
        with running("gateway_clients", url, str(CONNECTIONS), str(POSTS)) as clients:
            assert line(clients) == "connected"
            kilobytes = (resident(server.pid) - before) / CONNECTIONS
            # The server's ids are consecutive numbers, and only the clients have used some.
            ids = [f"{number:015d}=" for number in range(CONNECTIONS)]
            posts = [post(port, connection_id, number) for number in range(POSTS) for connection_id in ids]
            seconds = asyncio.run(send(port, deal(posts, SENDERS)))
            found: dict[str, int] = json.loads(line(clients))
    rate = len(posts) / seconds
    counts = ", ".join(f"{what} {found.get(what, 0):,}" for what in ("received", "lost", "duplicated", "out of order"))
    print(f"  {counts}")
    print(f"  {kilobytes:.1f} KiB for each idle connection; {rate:,.0f} posts a second")
    figures = {name.replace(" ", "_"): float(found.get(name, 0)) for name in ("received", "lost", "duplicated")}
    figures |= {"out_of_order": float(found.get("out of order", 0)), "KiB": kilobytes, "posts_per_second": rate}
    if nginx_path() is None:
        print("  nginx is not installed; no comparison with nginx")
        return figures
    with nginx() as nginx_port:
        dummies = [post(nginx_port, "R0oXAdfD0kwCH6w=", number) for number in range(NGINX_POSTS)]
        nginx_rate = NGINX_POSTS / asyncio.run(send(nginx_port, deal(dummies, SENDERS)))
    print(f"  {nginx_rate:,.0f} posts a second at nginx, which answers 200: {rate / nginx_rate:.3f} of nginx")
    return figures | {"nginx_posts_per_second": nginx_rate, "ratio": rate / nginx_rate}


@contextlib.contextmanager
def running(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    path = Path(__file__).parent / f"{program}.py"
    process = subprocess.Popen([sys.executable, path, *arguments], stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def resident(process_id: int) -> float:
    """Return the resident memory of a process in KiB; NaN if there is no /proc."""
    try:
        status = Path(f"/proc/{process_id}/status").read_text()
    except OSError:
        return float("nan")
    return next(float(row.split()[1]) for row in status.splitlines() if row.startswith("VmRSS:"))


def post(port: int, connection_id: str, number: int) -> bytes:
    body = str(number)
    return (
        f"POST /local/@connections/{connection_id} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def deal(posts: Sequence[bytes], senders: int) -> list[list[bytes]]:
    """Distribute posts to senders, so that all posts to a connection have the same sender."""
    hands: list[list[bytes]] = [[] for _ in range(senders)]
    for index, request in enumerate(posts):
        hands[index % CONNECTIONS % senders].append(request)
    return hands


async def send(port: int, hands: Sequence[Sequence[bytes]]) -> float:
    """Send the posts of each sender sequentially on one TCP connection; return the duration in seconds."""

    async def play(hand: Sequence[bytes]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in hand:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 "), head
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(play(hand) for hand in hands))
    return time.perf_counter() - started
