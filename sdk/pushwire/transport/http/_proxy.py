"""The proxy that the environment names."""

import base64
from typing import NamedTuple, Self
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from pushwire.errors import CallbackUrlError

__all__ = ["Proxy"]


class Proxy(NamedTuple):
    """An HTTP proxy that tunnels by CONNECT (RFC 9110, section 9.3.6). Its `repr` omits the password.

    Attributes:
        host: Its host.
        port: Its port.
        authorization: The value of `Proxy-Authorization`; empty for no authorization.
    """

    host: str
    port: int
    authorization: str = ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(host={self.host!r}, port={self.port!r})"

    @classmethod
    def from_environment(cls, host: str, port: int) -> Self | None:
        """Return the proxy that `HTTPS_PROXY` names for an https host, unless `NO_PROXY` names the host.

        `urllib` reads both: in lower case first; `NO_PROXY` holds host names, each for its subdomains too, or is `*`.

        Raises:
            CallbackUrlError: The proxy is not an `http://` proxy.
        """
        text = getproxies_environment().get("https")
        if not text or proxy_bypass(f"{host}:{port}"):
            return None
        try:
            parts = urlsplit(text if "://" in text else f"http://{text}")
            proxy_host, proxy_port = parts.hostname, parts.port or 80
        except ValueError:
            raise _unusable() from None
        if parts.scheme != "http" or not proxy_host:
            raise _unusable()
        return cls(proxy_host, proxy_port, _basic(parts.username, parts.password))


def _unusable() -> CallbackUrlError:
    # The value is not quoted, because it may hold a password.
    return CallbackUrlError(
        "HTTPS_PROXY does not name a proxy that HttpTransport can use: write http://host:port, or send through boto3"
    )


def _basic(user_name: str | None, password: str | None) -> str:
    if user_name is None:
        return ""
    credentials = f"{unquote(user_name)}:{unquote(password or '')}"
    return f"Basic {base64.b64encode(credentials.encode()).decode()}"
