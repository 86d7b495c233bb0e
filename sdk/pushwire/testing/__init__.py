"""Test kit for applications: events, recording transports, and a local gateway. It needs no AWS account.

A test of a handler makes an event, calls a router whose SDKs use a `RecordingTransport`, and compares the messages that
were sent:

```python
transport = RecordingTransport()
router = ChatRouter(Chat(), sdk=lambda url: ChatServerSdk(transport=transport))
router(message_event(ChatOperations.join_room, JoinRoomRequest(name="Ada"), connection_id="a"), None)
assert transport.sent.to("a") == [Greeting(greeting="Hi Ada")]
```

A test of a whole server runs it on a local gateway, with real clients:

```python
with local_gateway(app.handler) as gateway, gateway.connect() as client:
    client.send(ChatOperations.join_room, JoinRoomRequest(name="Ada"))
    assert client.receive(ChatOperations.send_greeting) == Greeting(greeting="Hi Ada")
```
"""

from typing import TYPE_CHECKING

from pushwire.testing.events import connect_event, disconnect_event, message_event, text_event
from pushwire.testing.frames import ReceivedMessage
from pushwire.testing.recording import AsyncRecordingTransport, Post, RecordingTransport, Sent, SentMessages

if TYPE_CHECKING:
    from pushwire.testing.async_gateway import AsyncGatewayClient, AsyncRunningGateway, async_local_gateway
    from pushwire.testing.gateway import Closed, GatewayClient, RunningGateway, local_gateway
    from pushwire.testing.store_behaviours import ConnectionStoreBehaviours, StoreClock

__all__ = [
    "AsyncGatewayClient",
    "AsyncRecordingTransport",
    "AsyncRunningGateway",
    "Closed",
    "ConnectionStoreBehaviours",
    "GatewayClient",
    "Post",
    "ReceivedMessage",
    "RecordingTransport",
    "RunningGateway",
    "Sent",
    "SentMessages",
    "StoreClock",
    "async_local_gateway",
    "connect_event",
    "disconnect_event",
    "local_gateway",
    "message_event",
    "text_event",
]

_GATEWAY = {"Closed", "GatewayClient", "RunningGateway", "local_gateway"}
_ASYNC_GATEWAY = {"AsyncGatewayClient", "AsyncRunningGateway", "async_local_gateway"}
_STORE_BEHAVIOURS = {"ConnectionStoreBehaviours", "StoreClock"}


def __getattr__(name: str) -> object:
    """Import the names that need the extra `dev` when they are first used."""
    if name in _GATEWAY:
        from pushwire.testing import gateway

        return getattr(gateway, name)
    if name in _ASYNC_GATEWAY:
        from pushwire.testing import async_gateway

        return getattr(async_gateway, name)
    if name in _STORE_BEHAVIOURS:
        from pushwire.testing import store_behaviours  # imports pytest

        return getattr(store_behaviours, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
