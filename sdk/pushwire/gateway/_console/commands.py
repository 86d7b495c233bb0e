"""The commands of the page: encode and send frames, end connections, inject faults. No sockets.

The response to a well-formed command has status 200 and a JSON object, with a `problem` if the command failed. Browsers
report other statuses as errors of the page.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeAlias, TypeVar, cast

from pushwire.errors import FrameError
from pushwire.gateway._console.contract import ConsoleContract, JsonObject
from pushwire.gateway._console.fault_commands import ConsoleCommandError, inject
from pushwire.gateway._management.faults import Faults
from pushwire.gateway._management.faulty import FaultyManagementApi, ManagementResponse, TruncatedResponse
from pushwire.gateway._state.connections import ConnectionRegistry
from pushwire.gateway._wire.responses import HttpResponse, http_error, json_response

__all__ = ["CommandResult", "Commands", "ControlledGateway"]

T = TypeVar("T")

CommandResult: TypeAlias = HttpResponse | Coroutine[object, object, HttpResponse]
"""The response to a command, or a coroutine that returns it."""


class ControlledGateway(Protocol):
    """The methods and attributes of the gateway that commands use."""

    registry: ConnectionRegistry
    management: FaultyManagementApi
    faults: Faults

    def receive(self, connection_id: str, text: str) -> None:
        """Handle a message as if the client had sent it."""
        ...

    def drop(self, connection_id: str) -> None:
        """Abort the TCP connection of a client."""
        ...

    def silence(self, connection_id: str) -> None:
        """Stop all traffic of a client without closing its connection."""
        ...


class _MalformedCommandError(Exception):
    """A command does not have the form that the page sends; the text says why."""


class Commands:
    """Executes the commands of the page.

    Args:
        gateway: The gateway to control.
        contract: The contract with which frames are encoded.

    Attributes:
        contract: The same; it may be replaced.
    """

    def __init__(self, gateway: ControlledGateway, contract: ConsoleContract) -> None:
        self.contract = contract
        self._gateway = gateway
        self._by_name: dict[str, Callable[[JsonObject], CommandResult]] = {
            "encode": self._encode,
            "send-as-client": self._send_as_client,
            "send-as-server": self._send_as_server,
            "disconnect": self._disconnect,
            "drop": self._drop,
            "silence": self._silence,
            "inject": self._inject,
            "remove": self._remove,
        }

    def execute(self, name: str, body: bytes) -> CommandResult | None:
        """Execute a command.

        Args:
            name: The name of the command.
            body: A JSON object with its arguments.

        Returns:
            The response, or `None` if the command is unknown.
        """
        command = self._by_name.get(name)
        if command is None:
            return None
        try:
            return command(_object(body))
        except _MalformedCommandError as error:
            return http_error(400, str(error))
        except (ConsoleCommandError, FrameError) as error:
            return _problem(str(error))

    def _encode(self, command: JsonObject) -> HttpResponse:
        # The frame is a string in the command, so that its 64-bit numbers keep all their digits.
        text = self.contract.encode(_required(command, "operation", str), _required(command, "frame", str))
        return json_response(200, {"text": text})

    def _send_as_client(self, command: JsonObject) -> HttpResponse:
        self._gateway.receive(self._open_connection(command), _text(command).decode())
        return _DONE

    def _send_as_server(self, command: JsonObject) -> CommandResult:
        return self._call("POST", command, _text(command))

    def _disconnect(self, command: JsonObject) -> CommandResult:
        return self._call("DELETE", command, b"")

    def _call(self, method: str, command: JsonObject, body: bytes) -> CommandResult:
        answer = self._gateway.management.answer(method, _required(command, "connectionId", str), body)
        return _outcome(answer) if isinstance(answer, HttpResponse) else _later_outcome(answer)

    def _drop(self, command: JsonObject) -> HttpResponse:
        self._gateway.drop(self._open_connection(command))
        return _DONE

    def _silence(self, command: JsonObject) -> HttpResponse:
        self._gateway.silence(self._open_connection(command))
        return _DONE

    def _inject(self, command: JsonObject) -> HttpResponse:
        inject(
            self._gateway.faults,
            kind=_required(command, "kind", str),
            numbers=cast("JsonObject", _required(command, "numbers", dict)),
            connection_id=_optional(command, "connectionId", str),
            times=_optional(command, "times", int),
            probability=command.get("probability", 1),
            only_replies=command.get("onlyReplies") is True,
        )
        return _DONE

    def _remove(self, command: JsonObject) -> HttpResponse:
        number = _required(command, "id", int)
        for injection in self._gateway.faults.injections:
            if id(injection) == number:
                injection.remove()
        return _DONE

    def _open_connection(self, command: JsonObject) -> str:
        connection_id = _required(command, "connectionId", str)
        if self._gateway.registry.get(connection_id) is None:
            raise ConsoleCommandError(f"{connection_id} is not connected")
        return connection_id


def _problem(text: str) -> HttpResponse:
    return json_response(200, {"problem": text})


_DONE = json_response(200, {})


def _outcome(answer: ManagementResponse) -> HttpResponse:
    """Return the response to a command that called the management API."""
    if isinstance(answer, TruncatedResponse):
        return _problem("The TCP connection was aborted")
    if answer.status // 100 == 2:
        return _DONE
    error_type = dict(answer.headers).get("x-amzn-ErrorType", "")
    message = json.loads(answer.body).get("message", "") if answer.body else ""
    return _problem(f"{answer.status} {error_type}: {message}".rstrip(": "))


async def _later_outcome(answering: Coroutine[object, object, ManagementResponse]) -> HttpResponse:
    return _outcome(await answering)


def _object(body: bytes) -> JsonObject:
    try:
        command: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _MalformedCommandError("the command is not JSON") from error
    if not isinstance(command, dict):
        raise _MalformedCommandError("the command is not a JSON object")
    return cast("JsonObject", command)


def _text(command: JsonObject) -> bytes:
    try:
        return _required(command, "text", str).encode()
    except UnicodeEncodeError as error:
        raise ConsoleCommandError(
            "the text contains an unpaired surrogate, which cannot be encoded as UTF-8"
        ) from error


def _required(command: JsonObject, key: str, kind: type[T]) -> T:
    value = _optional(command, key, kind)
    if value is None:
        raise _MalformedCommandError(f"the command has no {key!r}")
    return value


def _optional(command: JsonObject, key: str, kind: type[T]) -> T | None:
    value = command.get(key)
    if value is None or (isinstance(value, kind) and not isinstance(value, bool)):
        return value
    raise _MalformedCommandError(f"the command's {key!r} must be of type {kind.__name__}")
