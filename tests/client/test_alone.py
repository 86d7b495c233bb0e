"""A client needs websockets, and no other package of the extras: no gateway, no boto3."""

import asyncio
import subprocess
import sys

from websockets.asyncio.server import ServerConnection, serve

from tests.client.world import desk_client, run, said


def test_without_websockets_the_import_names_the_extra() -> None:
    code = "import sys; sys.modules['websockets'] = None; import pushwire.client"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith("ImportError: a client needs websockets: pip install 'pushwire[client]'\n")


def test_a_client_talks_to_any_websocket_server() -> None:
    async def echo(socket: ServerConnection) -> None:
        async for message in socket:
            await socket.send(message)

    async def story() -> None:
        async with serve(echo, "127.0.0.1", 0) as listening:
            port = next(iter(listening.sockets)).getsockname()[1]
            async with desk_client(f"ws://127.0.0.1:{port}/") as client:
                answers = [client.wait_for_say(timeout=5)]
                await asyncio.gather(*(client.say(said(text)) for text in "abc"))
                assert await answers[0] == said("a")

    run(story())
