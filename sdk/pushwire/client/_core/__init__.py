"""The rules of the client, sans-I/O: no event loop, no network, no clock of their own."""
