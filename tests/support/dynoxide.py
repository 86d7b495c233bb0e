"""DynamoDB for tests: dynoxide, which npm installs once, and moto in the process."""

import fcntl
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from tests.support.node import node, npm
from tests.support.tools import environment

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

__all__ = ["client_of", "dynoxide", "dynoxide_program"]

PACKAGE = "@dynoxide/linux-x64"


def dynoxide_program(folder: Path) -> Path | str:
    """Return the program, which npm installs in this folder if it is not there, or the reason why it is missing."""
    program = folder / "node_modules" / PACKAGE / "dynoxide"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            install = npm()
            if install is None:
                return "npm is missing, which installs dynoxide"
            path = f"{Path(str(node())).parent}:{environment()['PATH']}"
            command = [*install, "install", f"{PACKAGE}@1", "--no-audit", "--no-fund", "--prefix", str(folder)]
            done = subprocess.run(
                command, cwd=folder, env=environment(PATH=path), capture_output=True, text=True, check=False
            )
            if not program.exists():
                return f"npm cannot install dynoxide: {done.stderr.strip()[-200:]}"
    if subprocess.run([program, "--version"], capture_output=True, check=False).returncode != 0:
        return "dynoxide does not run on this machine"
    return program


@contextmanager
def dynoxide(program: Path) -> Iterator[str]:
    """Run dynoxide in memory, and yield its URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    command = [str(program), "serve", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def wait_for(port: int, process: subprocess.Popen[str]) -> None:
    """Wait until a program accepts connections."""
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    output = process.stdout.read() if process.stdout is not None else ""
    raise AssertionError(f"it has ended: {output[-300:]}")


def client_of(url: str) -> "DynamoDBClient":
    """Return a client of a local DynamoDB."""
    return boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(max_pool_connections=50, proxies={}),
    )
