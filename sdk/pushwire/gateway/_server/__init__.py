"""The running gateway: its listening socket, its TCP connections, and the reloading of handlers."""
