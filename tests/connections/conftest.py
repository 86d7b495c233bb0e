"""Servers that the tests of connections share."""

import socket
import ssl
import threading
from collections.abc import Iterator

import pytest
import trustme


@pytest.fixture
def tls_server() -> Iterator[str]:
    """The URL of a TLS server whose certificate nobody trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as server:
        stopped = threading.Event()

        def serve() -> None:
            while not stopped.is_set():
                connection, _ = server.accept()
                with connection:
                    try:
                        context.wrap_socket(connection, server_side=True).close()
                    except OSError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}/stage"
        stopped.set()
        socket.create_connection(server.getsockname()).close()
        thread.join(10)
