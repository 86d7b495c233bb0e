"""A chat client for terminals: python client.py ws://127.0.0.1:3000/local ada lobby

Each line is sent to the room. /join ROOM changes the room, /history shows its last texts, /leave leaves it,
and Ctrl-D exits.
"""

import asyncio
import sys

from chat.v1.chat_pb2 import GetHistoryRequest, JoinRoomRequest, SayRequest
from chat.v1.chat_pushwire_client import ChatClient, ChatPresenceChangedEvent, ChatSaidEvent, ChatSendGreetingEvent
from pushwire import OperationError
from pushwire.client import ClientError, QueryAuth


async def show(client: ChatClient) -> None:
    async for event in client:
        match event:
            case ChatSendGreetingEvent(message):
                print(message.greeting, flush=True)
            case ChatSaidEvent(message):
                print(f"{message.name}: {message.text}", flush=True)
            case ChatPresenceChangedEvent(message):
                print(f"in {message.room}: {', '.join(message.names)}", flush=True)
            case _:
                print(event, flush=True)


async def show_history(client: ChatClient, room: str) -> None:
    try:
        history = await client.get_history(GetHistoryRequest(room=room), timeout=5)
    except (OperationError, ClientError) as error:
        print("no history:", error, flush=True)
    else:
        for speech in history.speeches:
            print(f"| {speech.name}: {speech.text}", flush=True)


async def chat(url: str, user: str, room: str) -> None:
    async with ChatClient(url, auth=QueryAuth("user", user)) as client:
        showing = asyncio.create_task(show(client))
        rooms = [room]

        async def enter() -> None:
            for room in rooms:
                await client.join_room(JoinRoomRequest(room=room, name=user.title()))

        client.on_reconnect(enter)  # after a reconnect, join the room again
        try:
            await enter()
            lines = asyncio.StreamReader()
            await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
            async for line in lines:
                match line.decode().split():
                    case ["/join", room]:
                        rooms[:] = [room]
                        await enter()
                    case ["/history"]:
                        for room in rooms:
                            await show_history(client, room)
                    case ["/leave"]:
                        rooms.clear()
                        await client.leave_room()
                    case words if words:
                        await client.say(SayRequest(text=" ".join(words)))
        finally:
            await client.close()  # also ends the iteration in `show`
            await showing


if __name__ == "__main__":
    asyncio.run(chat(*sys.argv[1:4]))
