"""Posts with AWS's C runtime (awscrt): a loop that signs each request, with one request at a time per connection."""

import contextlib
import importlib.util
import io
import queue
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

CONNECTIONS = 32


def is_installed() -> bool:
    """Return whether awscrt is installed."""
    return importlib.util.find_spec("awscrt") is not None


@contextlib.contextmanager
def awscrt_loop(
    url: str, ids: Callable[[], Iterable[str]], frame: bytes, bundle: Path | None = None
) -> Iterator[Callable[[], None]]:
    """Yield a function that posts a frame to all ids.

    Args:
        url: The callback URL.
        ids: Returns the connection ids.
        frame: The frame to post.
        bundle: The certificate authority for an https URL.
    """
    import awscrt.auth
    import awscrt.http
    import awscrt.io

    parts = urlsplit(url)
    loops = awscrt.io.EventLoopGroup(1)
    bootstrap = awscrt.io.ClientBootstrap(loops, awscrt.io.DefaultHostResolver(loops))
    credentials = awscrt.auth.AwsCredentialsProvider.new_static("local", "local")
    tls = tls_options(bundle, parts.hostname or "") if parts.scheme == "https" else None
    free: queue.SimpleQueue[Any] = queue.SimpleQueue()
    for _ in range(CONNECTIONS):
        opening = awscrt.http.HttpClientConnection.new(
            host_name=parts.hostname, port=parts.port, bootstrap=bootstrap, tls_connection_options=tls
        )
        free.put(opening.result())

    def post(connection: Any, connection_id: str, statuses: list[int]) -> None:
        headers = [("Host", parts.netloc), ("Content-Length", str(len(frame)))]
        path = f"{parts.path}/@connections/{quote(connection_id)}"
        request = awscrt.http.HttpRequest("POST", path, awscrt.http.HttpHeaders(headers), io.BytesIO(frame))
        settings = awscrt.auth.AwsSigningConfig(
            algorithm=awscrt.auth.AwsSigningAlgorithm.V4,
            signature_type=awscrt.auth.AwsSignatureType.HTTP_REQUEST_HEADERS,
            credentials_provider=credentials,
            region="us-east-1",
            service="execute-api",
        )

        def respond(http_stream: Any, status_code: int, headers: Any, **_: Any) -> None:
            statuses.append(status_code)

        def send(signed: Any) -> None:
            stream = connection.request(signed.result(), respond)
            stream.completion_future.add_done_callback(lambda _: free.put(connection))
            stream.activate()

        awscrt.auth.aws_sign_request(request, settings).add_done_callback(send)

    def run() -> None:
        statuses: list[int] = []
        count = 0
        for connection_id in ids():
            post(free.get(), connection_id, statuses)
            count += 1
        connections = [free.get() for _ in range(CONNECTIONS)]
        for connection in connections:
            free.put(connection)
        assert statuses == [200] * count

    yield run
    for _ in range(CONNECTIONS):
        free.get().close().result()


def tls_options(bundle: Path | None, host: str) -> Any:
    import awscrt.io

    options = awscrt.io.TlsContextOptions()
    if bundle is not None:
        options.override_default_trust_store_from_path(None, str(bundle))
    connection_options = awscrt.io.ClientTlsContext(options).new_connection_options()
    connection_options.set_server_name(host)
    return connection_options
