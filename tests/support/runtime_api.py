"""Lambda's Runtime API on loopback, for the real run-time interface client ("Lambda runtime API", AWS Lambda guide)."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from tests.support.tools import environment

__all__ = ["Answer", "LambdaFunction", "lambda_function"]

_PREFIX: Final = "/2018-06-01/runtime/"
_ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_FUNCTION_NAME": "chat",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_LAMBDA_LOG_FORMAT": "JSON",
    "AWS_LAMBDA_LOG_LEVEL": "INFO",
    "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
    "AWS_REGION": "eu-west-1",
    "AWS_SECRET_ACCESS_KEY": "any",
}


class Answer(NamedTuple):
    """What the function answered to one event.

    Attributes:
        kind: `response`, or `error`.
        body: The parsed body.
    """

    kind: str
    body: Any


class LambdaFunction:
    """A function in the run time of Lambda, which is called with one event after another."""

    def __init__(self, process: "subprocess.Popen[str]", api: "_RuntimeApi", output: Path) -> None:
        self.process: Final = process
        self._api = api
        self._output = output

    def __call__(self, event: dict[str, Any]) -> Answer:
        """Invoke the function, and wait for its answer."""
        self._api.events.put(event)
        return self._api.answers.get(timeout=60)

    def init_error(self) -> Answer:
        """Wait for the error of the module's import."""
        return self._api.answers.get(timeout=60)

    def records(self, level: str | None = None) -> list[dict[str, Any]]:
        """Return what the function has logged as JSON, of one level if it is given."""
        lines = [line for line in self._output.read_text().splitlines() if line.startswith("{")]
        records: list[dict[str, Any]] = [json.loads(line) for line in lines]
        return [record for record in records if level in (None, record.get("level"), record.get("log_level"))]

    def resident_bytes(self) -> int:
        """Return the memory of the process."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def lambda_function(handler: str, folders: list[Path], output: Path, **variables: str) -> Iterator[LambdaFunction]:
    """Run a handler in the run time of Lambda.

    Args:
        handler: The handler, such as `app.handler`.
        folders: The folders with its modules.
        output: The file for what it prints and logs.
        **variables: More environment variables.
    """
    with _RuntimeApi() as api, output.open("w") as file:
        host, port = api.server_address[:2]
        process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", handler],
            cwd=folders[0],
            env=environment(
                **_ENVIRONMENT,
                AWS_LAMBDA_RUNTIME_API=f"{host!s}:{port}",
                LAMBDA_TASK_ROOT=str(folders[0]),
                PYTHONPATH=os.pathsep.join(map(str, folders)),
                _HANDLER=handler,
                **variables,
            ),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield LambdaFunction(process, api, output)
        finally:
            process.kill()
            process.wait()
            api.events.put(None)


class _RuntimeApi(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Calls)
        self.events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.answers: queue.Queue[Answer] = queue.Queue()
        self.count = 0
        self._thread = threading.Thread(target=self.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Calls(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _RuntimeApi

    def do_GET(self) -> None:
        event = self.server.events.get()
        if event is None:
            self.close_connection = True
            return
        self.server.count += 1
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", f"request-{self.server.count}")
        self.send_header("Lambda-Runtime-Deadline-Ms", "4102444800000")
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:123456789012:function:chat")
        self._end(json.dumps(event).encode(), "application/json")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = "error" if self.path.endswith("/error") else "response"
        self.send_response(202)
        self._end(b"", "text/plain")
        assert self.path.startswith(_PREFIX)
        self.server.answers.put(Answer(kind, json.loads(body)))

    def _end(self, body: bytes, kind: str) -> None:
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name in http.server
        """Log nothing."""
