"""The CPU time of sequential sends."""

import sys
from typing import Any

from scripts.benches.measuring import EXAMPLE, answering_server, compare, cpu

SENDS = 400


def send(rounds: int) -> dict[str, float]:
    """Measure the CPU time of a send to a loopback server that answers 200, compared with the boto3 client itself."""
    import boto3

    sys.path.insert(0, str(EXAMPLE))
    from chat.v1.chat_pb2 import Greeting
    from chat.v1.chat_pushwire import ChatServerSdk

    connection_id = "R0oXAdfD0kwCH6w="
    message = Greeting(greeting="Hello!")
    body = b'{"route":"SendGreeting","payload":{"greeting":"Hello!"}}'
    with answering_server() as url:
        client: Any = boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )
        with ChatServerSdk(url) as sdk:

            def bare() -> None:
                for _ in range(SENDS):
                    client.post_to_connection(ConnectionId=connection_id, Data=body)

            def ours() -> None:
                for _ in range(SENDS):
                    sdk.send_greeting(connection_id, message)

            print(f"send: microseconds of CPU per post, {SENDS} sequential posts of {len(body)} bytes a round")
            scale = 1e6 / SENDS
            figures = compare(
                {"sdk.send_greeting": cpu(ours, scale), "client.post_to_connection": cpu(bare, scale)},
                rounds,
                base="client.post_to_connection",
                unit="µs",
            )
        client.close()
    return figures
