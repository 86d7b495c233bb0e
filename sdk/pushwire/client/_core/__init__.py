"""The rules of the client, sans-I/O: they use no event loop, no network and no clock."""
