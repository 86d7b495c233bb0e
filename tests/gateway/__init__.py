"""Tests of the local gateway from outside, with real sockets, the websockets client and an unmodified boto3."""
