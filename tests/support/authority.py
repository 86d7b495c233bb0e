"""A certificate authority that clients trust only if they are configured to."""

import ssl
from pathlib import Path

import trustme

__all__ = ["Authority"]


class Authority:
    """Issues certificates for servers of the tests.

    Args:
        folder: Where to write what has to be a file.
    """

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self.bundle = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(self.bundle)

    def server(self, *names: str) -> ssl.SSLContext:
        """Return the TLS context of a server with these names. Defaults to 127.0.0.1."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*names or ("127.0.0.1",)).configure_cert(context)
        return context
