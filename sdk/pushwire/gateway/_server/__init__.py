"""The running gateway: the listening socket, its TCP connections, and the handlers' reloading."""
