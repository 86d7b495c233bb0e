"""What can be set on a local gateway: where it listens, what it calls itself, and its limits."""

import re
from dataclasses import dataclass, field

from pushwire.errors import PushwireError

__all__ = ["MAX_FRAME_BYTES", "MAX_MESSAGE_BYTES", "GatewaySettings", "Limits", "SettingsError"]

# "Quotas for configuring and running a WebSocket API": 128 KB a message, 32 KB a frame; KB are 1,024 bytes.
MAX_MESSAGE_BYTES = 131_072
MAX_FRAME_BYTES = 32_768

_STAGE = re.compile(r"[A-Za-z0-9_-]{1,128}")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what peers can make the gateway hold, and for how long.

    Attributes:
        head_bytes: The largest request line and headers, in bytes; more is answered 431.
        url_characters: The longest request target; API Gateway's limit. More is answered 414.
        discard_bytes: How much of a body that is too large is read and thrown away, so that the client gets its 413.
        pending_bytes: How much a client may send while its `$connect` runs, and how much may wait for a client that
            does not read, before its posts are answered 429.
        messages_in_flight: Messages of one connection whose handlers run; above it, reading from that client waits.
        request_seconds: How long a client may take to send one HTTP request.
        idle_seconds: How long an HTTP connection is kept open between requests.
        close_seconds: How long the peer may take to close a connection that the gateway has closed.
        shutdown_seconds: How long `stop` waits for running handlers.
        handler_threads: The largest number of handlers that run at the same time.
    """

    head_bytes: int = 16_384
    url_characters: int = 4_096
    discard_bytes: int = 10_485_760
    pending_bytes: int = 1_048_576
    messages_in_flight: int = 256
    request_seconds: float = 30.0
    idle_seconds: float = 90.0
    close_seconds: float = 5.0
    shutdown_seconds: float = 5.0
    handler_threads: int = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """The settings of one local gateway.

    Attributes:
        host: The address to listen on: `127.0.0.1` (also as `localhost`), `::1`, or `0.0.0.0` and `::` for a container.
            Handlers reach the gateway over loopback in every case, so other addresses are refused.
        port: The port to listen on; 0 takes a free one.
        stage: The stage of the API, the first segment of every path.
        api_id: The `apiId` in events.
        limits: Bounds on what peers can make the gateway hold.

    Raises:
        SettingsError: If the host, the port or the stage cannot work.
    """

    host: str = "127.0.0.1"
    port: int = 0
    stage: str = "local"
    api_id: str = "local"
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if self.host not in _LISTEN_AND_REACH:
            hosts = ", ".join(_LISTEN_AND_REACH)
            raise SettingsError(f"host {self.host!r}: handlers post back over loopback, so it must be one of {hosts}")
        if not 0 <= self.port <= _MAX_PORT:
            raise SettingsError(f"port {self.port}: it must be from 0 (a free one) to {_MAX_PORT}")
        if _STAGE.fullmatch(self.stage) is None:
            raise SettingsError(f"stage {self.stage!r}: it must be 1 to 128 letters, digits, '-' and '_'")

    @property
    def listen_address(self) -> str:
        """The address to bind."""
        return "127.0.0.1" if self.host == "localhost" else self.host

    @property
    def loopback_host(self) -> str:
        """The host by which handlers on this machine reach the gateway, as it is written in a URL."""
        return _LISTEN_AND_REACH[self.host]
