"""The settings of a local gateway: its address, its names, its quotas and limits."""

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields

from pushwire._checks import check_number, check_text, check_whole_number
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
# "Custom domain names for WebSocket APIs in API Gateway": the characters of a mapping key.
_MAPPING_KEY = re.compile(r"[A-Za-z0-9$\-_.+!*'()]{0,300}")
_DOMAIN_NAME = re.compile(r"([A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{1,63}")
_STAGE = re.compile(r"[A-Za-z0-9_-]{1,128}")
# "Using stage variables": the characters of names and values.
_VARIABLE_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
_VARIABLE_VALUE = re.compile(r"[A-Za-z0-9\-._~:/?#&=,]{1,512}")
_MAX_PORT = 65_535
_LISTEN_AND_REACH = {
    "127.0.0.1": "127.0.0.1",
    "localhost": "127.0.0.1",
    "0.0.0.0": "127.0.0.1",  # noqa: S104 - for containers; never the default
    "::1": "[::1]",
    "::": "[::1]",
}


class SettingsError(PushwireError, ValueError):
    """A setting of the local gateway is invalid; the text says which, and what is allowed."""


def _check(check: Callable[..., object], name: str, value: object, **bounds: object) -> None:
    """Check a setting.

    Raises:
        SettingsError: The value is out of range.
        TypeError: The value has the wrong type.
    """
    try:
        check(name, value, **bounds)
    except ValueError as error:
        raise SettingsError(str(error)) from None


class MessageOrder(enum.Enum):
    """Whether handlers of one connection's events may run at the same time; AWS does not document it."""

    CONCURRENT = "concurrent"
    """They may: each event is handled when it arrives."""
    SERIAL = "serial"
    """They may not: an event waits until the previous one has been handled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """The quotas of API Gateway, measured on the gateway's clock.

    Sources: "Quotas for configuring and running a WebSocket API" and "Amazon API Gateway quotas". `math.inf` switches
    a quota off.

    Attributes:
        requests_per_second: The account's rate, shared by handshakes, messages and calls of the management API.
            Defaults to 10,000.
        request_burst: The number of requests that may arrive at once. Defaults to 5,000.
        connections_per_second: The rate of new connections, and the number that may arrive at once. Defaults to 500.
        idle_seconds: Seconds without a message in either direction after which a connection is closed with 1001.
            Defaults to 600.
        lifetime_seconds: Seconds after which any connection is closed with 1001. Defaults to 7,200.
        integration_seconds: Seconds to wait for a handler. Defaults to 29.
    """

    requests_per_second: float = 10_000
    request_burst: float = 5_000
    connections_per_second: float = 500
    idle_seconds: float = 600.0
    lifetime_seconds: float = 7_200.0
    integration_seconds: float = 29.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            _check(check_number, name, getattr(self, name), above=0)


@dataclass(frozen=True, slots=True)
class CustomDomain:
    """A custom domain that the API is mapped to ("Custom domain names for WebSocket APIs in API Gateway").

    Clients connect to `wss://{name}/{mapping_key}`, and the management API is at `https://{name}/{mapping_key}`: the
    stage does not appear. Locally, the gateway's own address replaces the domain.

    Attributes:
        name: The domain name, as in events.
        mapping_key: The first segment of every path. Defaults to none: the API is mapped to the domain itself.
        disable_execute_api_endpoint: Whether requests with the API's own host in the `Host` header are answered 403.
            Defaults to false.

    Raises:
        SettingsError: The name or the mapping key is invalid.
    """

    name: str
    mapping_key: str = ""
    disable_execute_api_endpoint: bool = False

    def __post_init__(self) -> None:
        _check(check_text, "name", self.name)
        _check(check_text, "mapping_key", self.mapping_key)
        if _DOMAIN_NAME.fullmatch(self.name) is None:
            raise SettingsError(f"custom domain {self.name!r} is not a domain name, such as ws.example.com")
        if _MAPPING_KEY.fullmatch(self.mapping_key) is None:
            raise SettingsError(f"mapping key {self.mapping_key!r} must be one segment of letters, digits, $-_.+!*'()")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on memory and time that a peer can use.

    Attributes:
        head_bytes: The maximum size of the request line and headers, in bytes; larger ones are answered 431.
        url_characters: The maximum length of a request target, as in API Gateway; longer ones are answered 414.
        discard_bytes: The maximum size of a body that is read and discarded to answer the request with 413.
        pending_bytes: The maximum number of bytes that a client may send while its `$connect` runs. Also the maximum
            that is buffered for a client that does not read, before posts to it are answered 429.
        console_bytes: The maximum number of bytes that is buffered for a page of the console that does not read.
        messages_in_flight: The maximum number of messages of one connection whose handlers run; at the maximum, the
            gateway stops reading from the client.
        request_seconds: Seconds that a client may take to send one HTTP request.
        idle_seconds: Seconds that an HTTP connection is kept open between requests.
        close_seconds: Seconds that the peer may take to close a connection that the gateway has closed.
        shutdown_seconds: Seconds that `stop` waits for running handlers.
        instances: The maximum number of instances of each handler. An instance is a thread. It handles one event at a
            time, like an execution environment of Lambda, but all instances share the memory of the process. Further
            events wait. Defaults to 1.
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
    instances: int = 1

    def __post_init__(self) -> None:
        for each in fields(self):
            if isinstance(each.default, int):
                _check(check_whole_number, each.name, getattr(self, each.name))
            else:
                _check(check_number, each.name, getattr(self, each.name), above=0, what="a number of seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """The settings of one local gateway.

    Attributes:
        host: The address to listen on: `127.0.0.1` (also as `localhost`), `::1`, or `0.0.0.0` and `::` for a container.
            Handlers always reach the gateway over loopback, so other addresses are refused.
        port: The port to listen on. Defaults to 0, a free port.
        stage: The stage of the API, the first segment of every path.
        api_id: The `apiId` in events.
        region: The region of ARNs and of the API's own host.
        account_id: The account in ARNs.
        stage_variables: The variables of the stage, as in events.
        quotas: The quotas of API Gateway.
        message_order: Whether handlers of one connection's events may run at the same time.
        custom_domain: The custom domain that the API is mapped to. Defaults to none.
        console: Whether the gateway serves its console at `/`. Defaults to false. Not possible on a custom domain,
            where every path belongs to the API.
        limits: Bounds on memory and time that a peer can use.

    Raises:
        SettingsError: The host, the port, the stage, a stage variable or the region is invalid, or `console` is
            combined with `custom_domain`.
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
            raise SettingsError(f"host {self.host!r} must be one of {hosts}, because handlers post over loopback")
        _check(check_whole_number, "port", self.port, minimum=0, maximum=_MAX_PORT)
        for name in ("host", "stage", "api_id", "region", "account_id"):
            _check(check_text, name, getattr(self, name))
        if _STAGE.fullmatch(self.stage) is None:
            raise SettingsError(f"stage {self.stage!r} must be 1 to 128 letters, digits, '-' and '_'")
        for name, value in self.stage_variables.items():
            if _VARIABLE_NAME.fullmatch(name) is None:
                raise SettingsError(f"stage variable {name!r}: its name must be 1 to 64 letters, digits and '_'")
            if _VARIABLE_VALUE.fullmatch(value) is None:
                raise SettingsError(f"stage variable {name!r}: its value must be 1 to 512 letters, digits, -._~:/?#&=,")
        if _REGION.fullmatch(self.region) is None:
            raise SettingsError(f"region {self.region!r} is not the name of a region, such as us-east-1")
        if self.console and self.custom_domain is not None:
            raise SettingsError(
                "console cannot be combined with custom_domain: every path belongs to the API; pass one"
            )

    @property
    def listen_address(self) -> str:
        """The address to bind."""
        return "127.0.0.1" if self.host == "localhost" else self.host

    @property
    def loopback_host(self) -> str:
        """The host by which handlers on this machine reach the gateway, as in a URL."""
        return _LISTEN_AND_REACH[self.host]
