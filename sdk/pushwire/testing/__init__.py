"""What tests of code that uses Pushwire need: no network, no AWS.

A test of a handler builds an event, gives it to a router whose SDKs stand on `RecordingConnections`, and looks at what
was sent:

    connections = RecordingConnections()
    router = ChatRouter(Chat(), sdk=lambda url: ChatServerSdk(connections=connections))
    router(message_event("JoinRoom", JoinRoomRequest(name="Ada"), connection_id="a"), None)
    assert connections.sent.to("a") == [Greeting(greeting="Hi Ada")]
"""

from pushwire.connections.recording import AsyncRecordingConnections, Post, RecordingConnections, Sent, SentMessages
from pushwire.testing.events import connect_event, disconnect_event, message_event

__all__ = [
    "AsyncRecordingConnections",
    "Post",
    "RecordingConnections",
    "Sent",
    "SentMessages",
    "connect_event",
    "disconnect_event",
    "message_event",
]
