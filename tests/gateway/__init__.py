"""The local gateway, from outside: real sockets, the websockets client, and an unmodified boto3."""
