"""Each argument of each public constructor refuses what it cannot be, by its name."""

import asyncio
import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pushwire import Format, UnavailableError
from pushwire.aws_lambda import ConnectionDenied
from pushwire.callback_url import CallbackUrl
from pushwire.client import Backoff, Connection, Handshake, HeaderAuth, IamAuth, QueryAuth
from pushwire.fanout import DynamoDBProgress, FanoutWorker, SqsFanout
from pushwire.gateway import (
    AnswerWith,
    CustomDomain,
    Delay,
    GatewaySettings,
    Limits,
    Quotas,
    Reorder,
    SettingsError,
    TruncateResponse,
)
from pushwire.store import DynamoDBStore, SqliteStore
from pushwire.testing import RecordingTransport
from pushwire.transport import (
    AsyncBoto3Transport,
    AsyncHttpTransport,
    Boto3Transport,
    HttpTransport,
    RateLimit,
)
from tests.aws_lambda.contract.desk_pushwire import AsyncDeskServerSdk, DeskServerSdk
from tests.store.memory_client import MemoryClient

URL = "http://127.0.0.1:3001/local"
CONTROL = "x\r\nHost: evil"

NOT_A_NUMBER: list[Any] = ["1", True, [1], math.nan]
POSITIVE: list[Any] = [*NOT_A_NUMBER, 0, -1, -0.5]
"""What no number above 0 is."""
WHOLE: list[Any] = [*POSITIVE, 1.5, 2.0, math.inf]
SECONDS: list[Any] = [*POSITIVE, math.inf, 86_401]
FLAG: list[Any] = [1, 0, "yes", "False"]
FUNCTION: list[Any] = [5, "print", str]
SYNC_FUNCTION: list[Any] = [*FUNCTION, asyncio.sleep]
ASYNC_FUNCTION: list[Any] = [*FUNCTION, time.sleep]
"""What no sync function is, and what no async one is."""
TEXT: list[Any] = [5, b"bytes", CONTROL]
REGION: list[Any] = [5, b"eu-west-1", CONTROL, "eu west 1", "é"]

TRANSPORT = {
    "callback_url": [5, b"http://localhost", "localhost", CONTROL, f"{URL}\r\nx"],
    "region": REGION,
    "connect_timeout": SECONDS,
    "read_timeout": SECONDS,
    "max_attempts": WHOLE,
    "allow_http": FLAG,
    "sleep": SYNC_FUNCTION,
    "clock": SYNC_FUNCTION,
}
HTTP = TRANSPORT | {"max_connections": WHOLE, "wall_clock": SYNC_FUNCTION}
SDK = {
    name: TRANSPORT[name] for name in ("callback_url", "region", "connect_timeout", "read_timeout", "max_attempts")
} | {
    "allow_http": FLAG,
    "frame_format": ["JSON", 1, Format],
    "on_gone": FUNCTION[:2],
    "client": ["client", 5],
    "transport": [URL, HttpTransport],
}
BROADCAST = {
    "max_in_flight": WHOLE,
    "rate_limit": [5_000, "fast"],
    "deadline": NOT_A_NUMBER,
    "on_outcome": [5, "print"],
    "skip": ["abc=", b"abc=", 5],
}
CLIENT = {
    "url": [5, b"ws://localhost", CONTROL, "http://127.0.0.1/dev", "ws://localhost/\x00"],
    "auth": FUNCTION,
    "subprotocols": ["chat", [5], ["a b"], [CONTROL]],
    "frame_format": ["JSON", 1],
    "ssl": [True, "context"],
    "connect_timeout": POSITIVE,
    "connect_attempts": WHOLE,
    "max_attempts": WHOLE,
    "backoff": [1, "fast"],
    "fatal_statuses": [401, ["401"]],
    "renew_after": POSITIVE,
    "keepalive_interval": POSITIVE,
    "keepalive": FUNCTION,
    "ping_interval": POSITIVE,
    "ping_timeout": POSITIVE,
    "close_timeout": POSITIVE,
    "max_requests": WHOLE,
    "max_queued": WHOLE,
    "max_events": WHOLE,
    "clock": [5, "clock"],
    "random": FUNCTION,
}
QUOTAS = {
    "requests_per_second": POSITIVE,
    "request_burst": POSITIVE,
    "connections_per_second": POSITIVE,
    "idle_seconds": POSITIVE,
    "lifetime_seconds": POSITIVE,
    "integration_seconds": POSITIVE,
}
LIMITS = {
    **dict.fromkeys(
        (
            "head_bytes",
            "url_characters",
            "discard_bytes",
            "pending_bytes",
            "console_bytes",
            "messages_in_flight",
            "workers",
        ),
        WHOLE,
    ),
    **dict.fromkeys(("request_seconds", "idle_seconds", "close_seconds", "shutdown_seconds"), POSITIVE),
}
SETTINGS = {
    "host": [*TEXT, "192.0.2.1"],
    "port": [*NOT_A_NUMBER, -1, 65_536, 1.5],
    "stage": [*TEXT, "", "a/b"],
    "region": [*TEXT, ""],
    "api_id": TEXT,
    "account_id": TEXT,
}
JOBS: dict[str, list[Any]] = {"progress": ["jobs", DynamoDBProgress], "clock": FUNCTION}
QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs"
WORKER_SDK = DeskServerSdk(transport=RecordingTransport())
NOT_NEGATIVE: list[Any] = [*NOT_A_NUMBER, -1]


def connection(**options: Any) -> Connection:
    return Connection(**{"url": "ws://127.0.0.1:3001/local", **options})


def callback_url(**options: Any) -> CallbackUrl:
    return CallbackUrl.parse(options["text"])


EVENT = {"requestContext": {"apiId": "abc123", "stage": "prod"}}


def url_of_event(**options: Any) -> CallbackUrl:
    return CallbackUrl.from_event(EVENT, **options)


def sdk(kind: Any) -> Callable[..., object]:
    def make(**options: Any) -> object:
        own = {"client", "transport"} & options.keys()
        return kind(**(options if own else {"callback_url": URL, **options}))

    return make


def broadcast(**options: Any) -> object:
    return DeskServerSdk(transport=RecordingTransport()).to(["abc="], **options)


class Queue:
    """What has the methods of a client of SQS."""

    send_message_batch: Any = print
    get_queue_attributes: Any = print
    get_queue_url: Any = print


def queued(**options: Any) -> object:
    to: Any = DeskServerSdk(transport=RecordingTransport()).to
    return to(["abc="], **{"via": SqsFanout(QUEUE_URL, client=Queue()), **options})


def with_url(kind: Any) -> Callable[..., object]:
    return lambda **options: kind(**{"callback_url": URL, **options})


CONSTRUCTORS: dict[str, tuple[Callable[..., object], dict[str, list[Any]]]] = {
    "HttpTransport": (with_url(HttpTransport), HTTP),
    "AsyncHttpTransport": (with_url(AsyncHttpTransport), HTTP | {"sleep": ASYNC_FUNCTION}),
    "Boto3Transport": (with_url(Boto3Transport), TRANSPORT),
    "AsyncBoto3Transport": (with_url(AsyncBoto3Transport), TRANSPORT | {"sleep": ASYNC_FUNCTION}),
    "RateLimit": (
        lambda **options: RateLimit(**{"per_second": 1, **options}),
        {"per_second": [*POSITIVE, math.inf], "burst": WHOLE},
    ),
    "ServerSdk": (sdk(DeskServerSdk), SDK),
    "AsyncServerSdk": (sdk(AsyncDeskServerSdk), SDK),
    "sdk.to": (broadcast, BROADCAST),
    "sdk.to, via a queue": (queued, {"via": ["https://queue", 5], "expires_in": SECONDS, "skip": BROADCAST["skip"]}),
    "SqsFanout": (
        lambda **options: SqsFanout(**{"queue_url": QUEUE_URL, "client": Queue(), **options}),
        {"queue_url": [*TEXT, "jobs", f"{QUEUE_URL}.fifo"], "client": ["client", 5]} | JOBS,
    ),
    "FanoutWorker": (
        lambda **options: FanoutWorker(**{"sdk": WORKER_SDK, "client": Queue(), **options}),
        {"sdk": [URL, DeskServerSdk], "client": ["client", 5], "rate_limit": BROADCAST["rate_limit"]} | JOBS,
    ),
    "DynamoDBProgress": (
        lambda **options: DynamoDBProgress(**{"table": "jobs", "client": "client", **options}),
        {"table": [*TEXT, "", None], "client": ["client", 5], "clock": [*FUNCTION, None]},
    ),
    "DynamoDBStore": (
        lambda **options: DynamoDBStore(**{"table": "connections", "client": MemoryClient(), **options}),
        {
            "table": [*TEXT, "", None],
            "client": ["client", 5],
            "namespace": [*TEXT, "", "a#b"],
            "partitions": [5, ["everyone"], {"everyone": 0}],
            "clock": [*FUNCTION, None],
        },
    ),
    "SqliteStore": (
        lambda **options: SqliteStore(**{"path": ":memory:", **options}),
        {"clock": [*FUNCTION, None]},
    ),
    "Connection": (connection, CLIENT),
    "Backoff": (Backoff, {"first": [*POSITIVE, 31], "maximum": [*POSITIVE, 0.1]}),
    "IamAuth": (IamAuth, {"region": REGION, "clock": FUNCTION}),
    "QueryAuth": (lambda **options: QueryAuth(**{"token": "t", **options}), {"name": TEXT}),
    "HeaderAuth": (lambda **options: HeaderAuth(**{"token": "t", **options}), {"name": [*TEXT, "", "X Token", "é"]}),
    "CallbackUrl.parse": (callback_url, {"text": TRANSPORT["callback_url"]}),
    "CallbackUrl.from_event": (url_of_event, {"region": [*REGION, "eu-west-1.example.com"]}),
    "ConnectionDenied": (
        ConnectionDenied,
        {"status_code": [*NOT_A_NUMBER, 200, 399, 600, 403.0], "reason": TEXT},
    ),
    "GatewaySettings": (GatewaySettings, SETTINGS),
    "Quotas": (Quotas, QUOTAS),
    "Limits": (Limits, LIMITS),
    "CustomDomain": (
        lambda **options: CustomDomain(**{"name": "ws.example.com", **options}),
        {"name": [*TEXT, "", "example"], "mapping_key": [*TEXT, "a/b"]},
    ),
    "AnswerWith": (AnswerWith, {"status": [*NOT_A_NUMBER, 200, 404, 600, 410.0]}),
    "Delay": (lambda **options: Delay(**{"seconds": 1, **options}), {"seconds": NOT_NEGATIVE, "jitter": NOT_NEGATIVE}),
    "Reorder": (Reorder, {"seconds": NOT_NEGATIVE}),
    "TruncateResponse": (TruncateResponse, {"bytes_sent": [*NOT_NEGATIVE, 1.5]}),
}
SHOWN = {"url": "URL", "callback_url": "URL", "text": "URL", "name": "domain", "mapping_key": "mapping key"}
"""What the error calls an argument, where it is not its name."""


@pytest.mark.parametrize(("make", "arguments"), CONSTRUCTORS.values(), ids=CONSTRUCTORS)
def test_an_argument_that_cannot_work_is_refused_at_construction(
    make: Callable[..., object], arguments: dict[str, list[Any]]
) -> None:
    for name, values in arguments.items():
        for value in values:
            try:
                made = make(**{name: value})
            except (TypeError, ValueError) as error:
                text = str(error)
                assert text.isprintable(), f"{name}={value!r}: a control character of the argument is in the text"
                assert name in text or SHOWN.get(name, name) in text or "scheme" in text, f"{name}={value!r}: {text}"
            else:
                pytest.fail(f"{name}={value!r} was accepted: {made!r}")


FROM_THE_ENVIRONMENT: dict[str, Callable[[], object]] = {
    **{
        kind.__name__: partial(kind, "https://ws.example.com/prod")
        for kind in (HttpTransport, AsyncHttpTransport, Boto3Transport, AsyncBoto3Transport)
    },
    "CallbackUrl.from_event": url_of_event,
    "IamAuth": lambda: asyncio.run(IamAuth()(Handshake("wss://ws.example.com/prod"))),
}


@pytest.mark.parametrize("make", FROM_THE_ENVIRONMENT.values(), ids=FROM_THE_ENVIRONMENT)
@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_a_region_of_the_environment_that_cannot_work_is_refused_by_its_variable(
    variable: str, make: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, CONTROL)
    with pytest.raises(ValueError, match=f"^{variable} must be a name such as 'eu-west-1', not 'x") as caught:
        make()
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", [name for name in FROM_THE_ENVIRONMENT if name != "CallbackUrl.from_event"])
def test_a_region_of_the_profile_that_cannot_work_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\nregion = eu west 1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    with pytest.raises(
        ValueError, match="the region of the profile must be a name such as 'eu-west-1', not 'eu west 1'"
    ):
        FROM_THE_ENVIRONMENT[name]()


def test_a_setting_out_of_range_is_a_settings_error() -> None:
    for wrong in (lambda: Quotas(idle_seconds=0), lambda: Limits(instances=0), lambda: GatewaySettings(port=-1)):
        with pytest.raises(SettingsError):
            wrong()


def test_a_time_out_may_be_less_than_a_second() -> None:
    url = "http://127.0.0.1:1/local"
    with HttpTransport(url, connect_timeout=0.001, max_attempts=1) as transport, pytest.raises(UnavailableError):
        transport.post("c=", b"{}")
