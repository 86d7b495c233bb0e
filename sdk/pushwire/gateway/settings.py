"""What can be set on a local gateway: where it listens, what it calls itself, and its limits."""

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pushwire.errors import PushwireError

__all__ = [
    "MAX_FRAME_BYTES",
    "MAX_MESSAGE_BYTES",
    "CustomDomain",
    "GatewaySettings",
    "Limits",
    "MessageOrder",
    "Quotas",
    "SettingsError",
]

# "Quotas for configuring and running a WebSocket API": 128 KB a message, 32 KB a frame; KB are 1,024 bytes.
MAX_MESSAGE_BYTES = 131_072
MAX_FRAME_BYTES = 32_768

_REGION = re.compile(r"[a-z0-9-]{1,32}")
# "Custom domain names for WebSocket APIs in API Gateway": what a mapping key may hold.
_MAPPING_KEY = re.compile(r"[A-Za-z0-9$\-_.+!*'()]{0,300}")
_DOMAIN_NAME = re.compile(r"([A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{1,63}")
_STAGE = re.compile(r"[A-Za-z0-9_-]{1,128}")
# "Using stage variables": what names and values may hold.
_VARIABLE_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
_VARIABLE_VALUE = re.compile(r"[A-Za-z0-9\-._~:/?#&=,]{1,512}")
_MAX_PORT = 65_535
_LISTEN_AND_REACH = {
    "127.0.0.1": "127.0.0.1",
    "localhost": "127.0.0.1",
    "0.0.0.0": "127.0.0.1",  # noqa: S104 - a container has to listen on every address; it is never the default
    "::1": "[::1]",
    "::": "[::1]",
}


class SettingsError(PushwireError, ValueError):
    """A setting of the local gateway cannot work; the text says which, and what is possible."""


class MessageOrder(enum.Enum):
    """Whether handlers of one connection's events may run at the same time; AWS documents neither."""

    CONCURRENT = "concurrent"
    """They may: each event is handled as it comes."""
    SERIAL = "serial"
    """They may not: an event waits until the one before it has been handled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """What API Gateway allows, on the gateway's clock.

    Sources: "Quotas for configuring and running a WebSocket API" and "Amazon API Gateway quotas". `math.inf` switches
    a quota off.

    Attributes:
        requests_per_second: The account's rate: handshakes, messages and calls of the management API share it.
        request_burst: How many of them may come at once.
        connections_per_second: New connections a second, and at once.
        idle_seconds: After how long without a message, either way, a connection is closed with 1001.
        lifetime_seconds: After how long any connection is closed with 1001.
        integration_seconds: How long a handler may take.
    """

    requests_per_second: float = 10_000
    request_burst: float = 5_000
    connections_per_second: float = 500
    idle_seconds: float = 600.0
    lifetime_seconds: float = 7_200.0
    integration_seconds: float = 29.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise SettingsError(f"quota {name}: it must be more than 0; math.inf switches it off")


@dataclass(frozen=True, slots=True)
class CustomDomain:
    """A custom domain that the API is mapped to ("Custom domain names for WebSocket APIs in API Gateway").

    Clients connect to `wss://{name}/{mapping_key}`, and the management API is at `https://{name}/{mapping_key}`: the
    stage does not appear. Here the gateway's own address stands for the domain.

    Attributes:
        name: The domain name, which events carry.
        mapping_key: The first segment of every path; empty where the API is mapped to the domain itself.
        disable_execute_api_endpoint: Whether the API's own host, in a `Host` header, is answered 403.

    Raises:
        SettingsError: If the name or the mapping key cannot work.
    """

    name: str
    mapping_key: str = ""
    disable_execute_api_endpoint: bool = False

    def __post_init__(self) -> None:
        if _DOMAIN_NAME.fullmatch(self.name) is None:
            raise SettingsError(f"custom domain {self.name!r}: it must be a domain name, such as ws.example.com")
        if _MAPPING_KEY.fullmatch(self.mapping_key) is None:
            raise SettingsError(
                f"mapping key {self.mapping_key!r}: it must be one segment of letters, digits, $-_.+!*'()"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what peers can make the gateway hold, and for how long.

    Attributes:
        head_bytes: The largest request line and headers, in bytes; more is answered 431.
        url_characters: The longest request target; API Gateway's limit. More is answered 414.
        discard_bytes: How much of a body that is too large is read and thrown away, so that the client gets its 413.
        pending_bytes: How much a client may send while its `$connect` runs, and how much may wait for a client that
            does not read, before its posts are answered 429.
        console_bytes: How much may wait for a page of the console that does not read, before it is dropped.
        messages_in_flight: Messages of one connection whose handlers run; above it, reading from that client waits.
        request_seconds: How long a client may take to send one HTTP request.
        idle_seconds: How long an HTTP connection is kept open between requests.
        close_seconds: How long the peer may take to close a connection that the gateway has closed.
        shutdown_seconds: How long `stop` waits for running handlers.
        workers: How many handlers run at the same time; each worker handles one event at a time, as an execution
            environment of Lambda does. More events wait.
    """

    head_bytes: int = 16_384
    url_characters: int = 4_096
    discard_bytes: int = 10_485_760
    pending_bytes: int = 1_048_576
    console_bytes: int = 16_777_216
    messages_in_flight: int = 256
    request_seconds: float = 30.0
    idle_seconds: float = 90.0
    close_seconds: float = 5.0
    shutdown_seconds: float = 5.0
    workers: int = 128

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise SettingsError(f"workers: at least 1, not {self.workers}")


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """The settings of one local gateway.

    Attributes:
        host: The address to listen on: `127.0.0.1` (also as `localhost`), `::1`, or `0.0.0.0` and `::` for a container.
            Handlers reach the gateway over loopback in every case, so other addresses are refused.
        port: The port to listen on; 0 takes a free one.
        stage: The stage of the API, the first segment of every path.
        api_id: The `apiId` in events.
        region: The region of ARNs and of the API's own host.
        account_id: The account in ARNs.
        stage_variables: The variables of the stage, which events carry where there are any.
        quotas: What API Gateway allows.
        message_order: Whether handlers of one connection's events may run at the same time.
        custom_domain: The domain that the API is mapped to, if it is.
        console: Whether there is a console at `/`, which shows and does what developers want; on a custom domain, where
            every path is the API's, there is none.
        limits: Bounds on what peers can make the gateway hold.

    Raises:
        SettingsError: If the host, the port, the stage, a stage variable or the region cannot work, or the console has
            no place.
    """

    host: str = "127.0.0.1"
    port: int = 0
    stage: str = "local"
    api_id: str = "local"
    region: str = "us-east-1"
    account_id: str = "000000000000"
    stage_variables: Mapping[str, str] = field(default_factory=dict[str, str])
    quotas: Quotas = field(default_factory=Quotas)
    message_order: MessageOrder = MessageOrder.CONCURRENT
    custom_domain: CustomDomain | None = None
    console: bool = False
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if self.host not in _LISTEN_AND_REACH:
            hosts = ", ".join(_LISTEN_AND_REACH)
            raise SettingsError(f"host {self.host!r}: handlers post back over loopback, so it must be one of {hosts}")
        if not 0 <= self.port <= _MAX_PORT:
            raise SettingsError(f"port {self.port}: it must be from 0 (a free one) to {_MAX_PORT}")
        if _STAGE.fullmatch(self.stage) is None:
            raise SettingsError(f"stage {self.stage!r}: it must be 1 to 128 letters, digits, '-' and '_'")
        for name, value in self.stage_variables.items():
            if _VARIABLE_NAME.fullmatch(name) is None:
                raise SettingsError(f"stage variable {name!r}: its name must be 1 to 64 letters, digits and '_'")
            if _VARIABLE_VALUE.fullmatch(value) is None:
                raise SettingsError(f"stage variable {name!r}: its value must be 1 to 512 letters, digits, -._~:/?#&=,")
        if _REGION.fullmatch(self.region) is None:
            raise SettingsError(f"region {self.region!r}: it must be a region's name, such as us-east-1")
        if self.console and self.custom_domain is not None:
            raise SettingsError("console: on a custom domain every path is the API's; have the one or the other")

    @property
    def listen_address(self) -> str:
        """The address to bind."""
        return "127.0.0.1" if self.host == "localhost" else self.host

    @property
    def loopback_host(self) -> str:
        """The host by which handlers on this machine reach the gateway, as it is written in a URL."""
        return _LISTEN_AND_REACH[self.host]
