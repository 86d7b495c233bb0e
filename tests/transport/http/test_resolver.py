"""Addresses: looked up on a thread, together, with a bound on the wait."""

import contextlib
import errno
import selectors
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.fault_server import FaultServer, answer
from tests.transport.implementations import Implementation

import pushwire
from pushwire import SendError
from pushwire.transport.http._channel import wait
from pushwire.transport.http._resolver import Lookup, Resolver
from pushwire.transport.protocol import FanOutOptions

CONNECTION_ID = "R0oXAdfD0kwCH6w="
NAME = "gateway.localhost"


class Dns:
    """Stands in for `getaddrinfo`, for `NAME` only.

    Attributes:
        lookups: How often it was asked.
        addresses: What it answers.
        answers: Set when it may answer.
    """

    def __init__(self, ask: Any) -> None:
        self.lookups = 0
        self.addresses: list[str] = ["127.0.0.1"]
        self.answers = threading.Event()
        self.answers.set()
        self._ask = ask

    def __call__(self, host: bytes, port: int, *arguments: Any, flags: int = 0, **options: Any) -> Any:
        if host != NAME.encode() or flags & socket.AI_NUMERICHOST:
            return self._ask(host, port, *arguments, flags=flags, **options)
        self.lookups += 1
        self.answers.wait(30)
        if not self.addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port)) for address in self.addresses
        ]


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dns]:
    dns = Dns(socket.getaddrinfo)
    monkeypatch.setattr(socket, "getaddrinfo", dns)
    yield dns
    dns.answers.set()


def url(server: FaultServer) -> str:
    return f"http://{NAME}:{server.port}/stage"


def ready(lookup: Lookup) -> bool:
    with lookup.waiter() as waiter:
        return wait(waiter, selectors.EVENT_READ, 10)


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
def test_an_ip_address_needs_no_thread(host: str, family: socket.AddressFamily) -> None:
    before = threading.active_count()
    lookup = Resolver(host, 443).lookup()
    assert lookup.has_ended
    ((found, _, _, address),) = lookup.addresses()
    assert (found, address[:2]) == (family, (host, 443))
    assert threading.active_count() == before


def test_however_many_wait_one_looks_up(dns: Dns) -> None:
    resolver = Resolver(NAME, 443)
    dns.answers.clear()
    lookups = [resolver.lookup() for _ in range(50)]
    with contextlib.ExitStack() as stack:
        waiters = [stack.enter_context(lookup.waiter()) for lookup in lookups]
        dns.answers.set()
        assert all(wait(waiter, selectors.EVENT_READ, 10) for waiter in waiters)
    assert lookups[0].addresses()[0][3] == ("127.0.0.1", 443)
    assert dns.lookups == 1


def test_a_wait_that_ends_early_leaves_no_socket(dns: Dns) -> None:
    dns.answers.clear()
    lookup = Resolver(NAME, 443).lookup()
    with lookup.waiter() as mine:
        (theirs,) = lookup._waiters
    assert (mine.fileno(), theirs.fileno(), lookup._waiters) == (-1, -1, set())


def test_a_fork_while_a_name_is_looked_up_does_not_hide_the_answer(dns: Dns) -> None:
    dns.answers.clear()
    lookup = Resolver(NAME, 443).lookup()
    with lookup.waiter() as mine:
        (theirs,) = lookup._waiters
        with theirs.dup():  # as the forked process has it
            dns.answers.set()
            assert wait(mine, selectors.EVENT_READ, 10)


def test_an_answer_serves_for_a_second(dns: Dns) -> None:
    now = [100.0]
    resolver = Resolver(NAME, 443, lambda: now[0])
    for now[0] in (100.0, 100.9):
        assert ready(resolver.lookup())
    assert dns.lookups == 1
    now[0] = 101.1
    assert ready(resolver.lookup())
    assert dns.lookups == 2


def test_a_failure_serves_nobody_else(dns: Dns) -> None:
    resolver = Resolver(NAME, 443)
    dns.addresses = []
    first = resolver.lookup()
    assert ready(first)
    with pytest.raises(socket.gaierror):
        first.addresses()
    dns.addresses = ["127.0.0.1"]
    second = resolver.lookup()
    assert ready(second)
    assert second.addresses()


def test_a_name_is_looked_up_and_connected_to(http: Implementation, dns: Dns) -> None:
    with FaultServer(answer(200)) as server:
        http.connect(url(server)).post(CONNECTION_ID, b"{}")
    assert server.requests[0].headers["host"] == f"{NAME}:{server.port}"
    assert dns.lookups == 1


def test_dns_that_does_not_answer_is_waited_for_no_longer_than_the_connect_timeout(
    http: Implementation, dns: Dns
) -> None:
    dns.answers.clear()
    with FaultServer(answer(200)) as server:
        transport = http.connect(url(server), connect_timeout=0.3)
        with pytest.raises(pushwire.UnavailableError, match=f"DNS did not resolve {NAME} within 0.3 s") as caught:
            transport.post(CONNECTION_ID, b"{}")
        assert not dns.answers.is_set()
        assert (caught.value.attempts, caught.value.maybe_accepted) == (3, False)
        assert dns.lookups == 1  # the second and third attempt waited for the same answer
        dns.answers.set()
        transport.post(CONNECTION_ID, b"{}")


def test_in_a_fan_out_too(http: Implementation, dns: Dns) -> None:
    dns.answers.clear()
    outcomes: dict[str, SendError | None] = {}
    ids = [f"c{number}=" for number in range(20)]
    transport = http.connect(f"http://{NAME}:9/stage", connect_timeout=0.1, max_attempts=1)
    transport.post_many(ids, b"{}", FanOutOptions(), outcomes.__setitem__)
    assert {type(error) for error in outcomes.values()} == {pushwire.UnavailableError}
    assert len(outcomes) == 20
    assert dns.lookups == 1


def test_a_name_that_is_none_is_unavailable(http: Implementation, dns: Dns) -> None:
    dns.addresses = []
    with pytest.raises(pushwire.UnavailableError, match="Name or service not known") as caught:
        http.connect(f"http://{NAME}:9/stage").post(CONNECTION_ID, b"{}")
    assert isinstance(caught.value.__cause__, socket.gaierror)


def test_a_label_that_is_too_long_for_a_name_is_unavailable(http: Implementation) -> None:
    with pytest.raises(pushwire.UnavailableError, match=r"x{70}\.localhost \(") as caught:
        http.connect(f"http://{'x' * 70}.localhost:9/stage", max_attempts=1).post(CONNECTION_ID, b"{}")
    assert not caught.value.maybe_accepted


def test_where_no_thread_can_be_started_the_host_is_unavailable(
    http: Implementation, dns: Dns, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")  # so that no thread is needed to look for credentials
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    transport = http.connect(f"http://{NAME}:9/stage", max_attempts=1)
    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(pushwire.UnavailableError, match="can't start new thread"):
        transport.post(CONNECTION_ID, b"{}")


def test_where_one_address_refuses_the_next_is_tried(http: Implementation, dns: Dns) -> None:
    dns.addresses = ["127.0.0.2", "127.0.0.1"]
    with FaultServer(answer(200)) as server:
        http.connect(url(server), max_attempts=1).post(CONNECTION_ID, b"{}")
    assert len(server.requests) == 1


@pytest.fixture
def swallowing() -> Iterator[tuple[str, int]]:
    """An address whose backlog is full, so that it neither accepts nor refuses."""
    with socket.socket() as server:
        server.bind(("127.0.0.2", 0))
        server.listen(0)
        clients: list[socket.socket] = []
        for _ in range(8):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(server.getsockname())
            clients.append(client)
        yield server.getsockname()
        for client in clients:
            client.close()


def test_an_address_that_swallows_everything_leaves_time_for_the_next(
    http: Implementation, dns: Dns, swallowing: tuple[str, int]
) -> None:
    dns.addresses = [swallowing[0], "127.0.0.1"]
    with FaultServer(answer(200), port=swallowing[1]) as server:
        http.connect(url(server), connect_timeout=1.0, max_attempts=1).post(CONNECTION_ID, b"{}")
    assert len(server.requests) == 1


def test_a_host_that_swallows_everything_is_no_connection_within_the_timeout(
    http: Implementation, swallowing: tuple[str, int]
) -> None:
    where = f"{swallowing[0]}:{swallowing[1]}"
    with pytest.raises(pushwire.UnavailableError, match=f"no connection to {where} within 0.2 s") as caught:
        http.connect(f"http://{where}/stage", connect_timeout=0.2, max_attempts=1).post(CONNECTION_ID, b"{}")
    assert not caught.value.maybe_accepted


def test_an_address_of_a_kind_that_this_machine_has_not_is_passed_over(
    http: Implementation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up(_host: bytes, port: int, **_: object) -> list[Any]:
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
        ]

    def socket_without_ipv6(family: int = -1, *arguments: Any, **more: Any) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return make_socket(family, *arguments, **more)

    make_socket = socket.socket
    with FaultServer(answer(200)) as server:
        transport = http.connect(server.url.replace("127.0.0.1", "localhost"))
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        monkeypatch.setattr("pushwire.transport.http._connect.socket.socket", socket_without_ipv6)
        transport.post(CONNECTION_ID, b"{}")
        monkeypatch.undo()
