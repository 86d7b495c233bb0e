"""The exceptions of connection stores."""

from pushwire.errors import PushwireError

__all__ = ["NotConnectedError", "StoreError", "TooManyTopicsError"]


class StoreError(PushwireError):
    """A call of a connection store failed. The error of botocore or of SQLite is its `__cause__`."""


class NotConnectedError(StoreError):
    """The connection is not in the store: it was never stored, has ended, or has expired.

    Attributes:
        connection_id: The id of the connection.
    """

    def __init__(self, connection_id: str) -> None:
        super().__init__(connection_id)
        self.connection_id = connection_id

    def __str__(self) -> str:
        return f"connection {self.connection_id!r} is not in the store: it was never stored, has ended, or has expired"


class TooManyTopicsError(StoreError):
    """The connection is in the largest number of topics, which is 100. Leave a topic before joining another one.

    Attributes:
        connection_id: The id of the connection.
    """

    def __init__(self, connection_id: str) -> None:
        super().__init__(connection_id)
        self.connection_id = connection_id

    def __str__(self) -> str:
        return f"connection {self.connection_id!r} is in 100 topics, which is the limit: leave one of them first"
