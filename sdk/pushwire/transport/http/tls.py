"""TLS as the management API speaks it."""

from __future__ import annotations

import os
import ssl

from pushwire.errors import UnavailableError

__all__ = ["client_context"]


def client_context() -> ssl.SSLContext:
    """Make the context of a client that checks certificates and speaks HTTP/1.1 only.

    Trusted are the authorities of the file `AWS_CA_BUNDLE`; unless it is set, what OpenSSL trusts: `SSL_CERT_FILE`,
    `SSL_CERT_DIR`, or the system's.

    Raises:
        UnavailableError: `AWS_CA_BUNDLE` cannot be loaded.
    """
    bundle = os.environ.get("AWS_CA_BUNDLE") or None
    try:
        context = ssl.create_default_context(cafile=bundle)
    except OSError as exc:
        raise UnavailableError(f"AWS_CA_BUNDLE cannot be loaded: {bundle}: {exc}") from exc
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context
