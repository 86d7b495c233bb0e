"""The host to connect to, with the proxy that the environment names, and with TLS for `https` URLs."""

import os
from typing import TYPE_CHECKING, NamedTuple, Self

from pushwire._url import split_url
from pushwire.callback_url import CallbackUrl
from pushwire.errors import UnavailableError

if TYPE_CHECKING:
    from ssl import SSLContext

    from pushwire.transport.http._proxy import Proxy

__all__ = ["Endpoint"]


class Endpoint(NamedTuple):
    """The host to connect to, and how.

    Attributes:
        host: The API's host.
        port: Its port.
        proxy: The proxy that tunnels to the host; `None` for a direct connection.
        tls: The TLS settings; `None` for plain HTTP.
    """

    host: str
    port: int
    proxy: "Proxy | None" = None
    tls: "SSLContext | None" = None

    @classmethod
    def of(cls, url: CallbackUrl) -> Self:
        """Return the endpoint of a callback URL, with the settings of the environment.

        Raises:
            CallbackUrlError: `HTTPS_PROXY` names a proxy that cannot be used.
            UnavailableError: `AWS_CA_BUNDLE` cannot be loaded.
        """
        parts = split_url(url.url)
        host = parts.hostname or ""
        if parts.scheme == "http":
            return cls(host, parts.port or 80)
        port = parts.port or 443
        # A proxy of the environment cannot reach this machine's loopback hosts.
        proxy = None if url.is_loopback else _proxy_for(host, port)
        return cls(host, port, proxy, _tls_context())

    @property
    def peer(self) -> tuple[str, int]:
        """The host and port to open a TCP connection to."""
        return (self.host, self.port) if self.proxy is None else (self.proxy.host, self.proxy.port)

    def tunnel_request(self) -> bytes:
        """Return the CONNECT request that opens the proxy's tunnel."""
        authority = f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
        authorization = "" if self.proxy is None else self.proxy.authorization
        credentials = f"Proxy-Authorization: {authorization}\r\n" if authorization else ""
        return f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{credentials}\r\n".encode()


def _proxy_for(host: str, port: int) -> "Proxy | None":
    if os.environ.keys().isdisjoint(("https_proxy", "HTTPS_PROXY")):
        return None
    from pushwire.transport.http._proxy import Proxy  # which imports urllib.request

    return Proxy.from_environment(host, port)


def _tls_context() -> "SSLContext":
    """Make a context that verifies certificates and speaks HTTP/1.1 only.

    It trusts the authorities in the file `AWS_CA_BUNDLE`. If that is not set, it trusts what OpenSSL trusts:
    `SSL_CERT_FILE`, `SSL_CERT_DIR`, or the system's store.

    Raises:
        UnavailableError: `AWS_CA_BUNDLE` cannot be loaded.
    """
    import ssl  # slow to import

    bundle = os.environ.get("AWS_CA_BUNDLE") or None
    try:
        context = ssl.create_default_context(cafile=bundle)
    except OSError as exc:
        raise UnavailableError(f"AWS_CA_BUNDLE cannot be loaded: {bundle}: {exc}") from exc
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context
