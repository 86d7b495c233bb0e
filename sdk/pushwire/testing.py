"""What tests of code that uses Pushwire need: no network, no AWS."""

from pushwire.connections.recording import Post, RecordingConnections

__all__ = ["Post", "RecordingConnections"]
