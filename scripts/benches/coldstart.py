"""The cold start of a Lambda function that sends messages."""

import contextlib
import functools
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from scripts.benches.measuring import EXAMPLE, answering_server, certificate_and_bundle, compare, seconds

OURS = """
import sys
from chat.v1.chat_pb2 import Greeting
from chat.v1.chat_pushwire import ChatServerSdk
from pushwire.transport import HttpTransport
sdk = ChatServerSdk(transport=HttpTransport(sys.argv[1]))
sdk.send_greeting("R0oXAdfD0kwCH6w=", Greeting(greeting="Hello!"))
"""

BOTO3 = """
import sys
import boto3
client = boto3.client("apigatewaymanagementapi", endpoint_url=sys.argv[1])
client.post_to_connection(
    ConnectionId="R0oXAdfD0kwCH6w=", Data=b'{"route":"SendGreeting","payload":{"greeting":"Hello!"}}'
)
"""

# Linux only. Why not `ru_maxrss`: it includes the memory of the parent process at the fork.
PEAK_MEMORY = """
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")))
"""

LAMBDA = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token" * 60,
}


def coldstart(rounds: int) -> dict[str, float]:
    """Measure new interpreters until the end of their first send: a generated SDK on HttpTransport, and bare boto3."""
    # Bytecode is written in the warm-up round and used later, as on Lambda.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | LAMBDA
    figures = measured("", environment, rounds, answering_server())
    with tempfile.TemporaryDirectory() as folder:
        certificate, bundle = certificate_and_bundle(Path(folder))
        environment["AWS_CA_BUNDLE"] = str(bundle)
        figures |= measured(" over TLS", environment, rounds, answering_server(certificate))
    return figures


def measured(
    over: str, environment: dict[str, str], rounds: int, server: contextlib.AbstractContextManager[str]
) -> dict[str, float]:
    base = f"bare boto3{over}"
    with server as url:
        programs = {f"HttpTransport{over}": OURS, base: BOTO3}
        commands = {name: [sys.executable, "-c", code + PEAK_MEMORY, url] for name, code in programs.items()}

        def interpreter(name: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                commands[name], cwd=EXAMPLE, env=environment, check=True, stdout=subprocess.PIPE, text=True
            )

        rounds = max(rounds, 12)
        print(f"coldstart: milliseconds of wall time{over}, {rounds} new interpreters of each")
        times = {name: seconds(functools.partial(interpreter, name), 1e3) for name in programs}
        figures = compare(times, rounds, base=base, unit="ms")
        print(f"coldstart: peak memory in MiB{over}")
        peaks: dict[str, Callable[[], float]] = {
            name: functools.partial(mebibytes, interpreter, name) for name in programs
        }
        return figures | compare(peaks, 3, base=base, unit="MiB")


def mebibytes(interpreter: Callable[[str], subprocess.CompletedProcess[str]], name: str) -> float:
    return int(interpreter(name).stdout) / 1024
