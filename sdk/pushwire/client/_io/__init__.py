"""The client's I/O, on asyncio and websockets."""
