"""nginx with an empty 200 response to every request: a server that is faster than all measured clients."""

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 100000000;
    server {{
        listen 127.0.0.1:{port}{tls};
        location / {{ return 200; }}
    }}
}}
"""


def nginx_path() -> str | None:
    """Return the path of nginx (Debian's package `nginx-light`), or `None` if it is not installed."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


@contextlib.contextmanager
def nginx(certificate: Path | None = None) -> Iterator[int]:
    """Run nginx on a free loopback port, with TLS if there is a certificate, and yield the port."""
    program = nginx_path()
    assert program is not None, "nginx is not installed"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder) / "nginx.conf"
        tls = f" ssl; ssl_certificate {certificate}; ssl_certificate_key {certificate}" if certificate else ""
        configuration.write_text(_CONFIGURATION.format(folder=folder, port=port, tls=tls))
        command = [program, "-c", str(configuration), "-e", f"{folder}/error.log", "-p", folder]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            _wait_for(port, process)
            yield port
        finally:
            process.terminate()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(500):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        assert process.poll() is None, "nginx has ended"
        time.sleep(0.01)
    raise AssertionError("nginx does not listen")
