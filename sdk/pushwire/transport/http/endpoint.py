"""Where to connect: the API's host, by a proxy where the environment names one, with TLS where the URL says so."""

import os
from typing import TYPE_CHECKING, NamedTuple, Self

from pushwire._url import split_url
from pushwire.callback_url import CallbackUrl

if TYPE_CHECKING:
    from ssl import SSLContext

    from pushwire.transport.http.proxy import Proxy

__all__ = ["Endpoint"]


class Endpoint(NamedTuple):
    """Where to connect.

    Attributes:
        host: The API's host.
        port: Its port.
        proxy: What tunnels to it; `None` for nothing.
        tls: How to speak TLS with it; `None` for not at all.
    """

    host: str
    port: int
    proxy: "Proxy | None" = None
    tls: "SSLContext | None" = None

    @classmethod
    def of(cls, url: CallbackUrl) -> Self:
        """The endpoint of a callback URL, by the settings of the environment.

        Raises:
            CallbackUrlError: `HTTPS_PROXY` names a proxy that cannot be used.
            UnavailableError: `AWS_CA_BUNDLE` cannot be loaded.
        """
        parts = split_url(url.url)
        host = parts.hostname or ""
        if parts.scheme == "http":
            return cls(host, parts.port or 80)
        from pushwire.transport.http.tls import client_context  # ssl is slow to import

        port = parts.port or 443
        # A proxy of the environment cannot reach this machine's loopback hosts.
        proxy = None if url.is_loopback else _proxy_for(host, port)
        return cls(host, port, proxy, client_context())

    @property
    def peer(self) -> tuple[str, int]:
        """Host and port to open a TCP connection to."""
        return (self.host, self.port) if self.proxy is None else (self.proxy.host, self.proxy.port)

    def tunnel_request(self) -> bytes:
        """The request that has the proxy tunnel to the API."""
        authority = f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
        authorization = "" if self.proxy is None else self.proxy.authorization
        credentials = f"Proxy-Authorization: {authorization}\r\n" if authorization else ""
        return f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{credentials}\r\n".encode()


def _proxy_for(host: str, port: int) -> "Proxy | None":
    if os.environ.keys().isdisjoint(("https_proxy", "HTTPS_PROXY")):
        return None
    from pushwire.transport.http.proxy import Proxy  # which imports urllib.parse

    return Proxy.from_environment(host, port)
