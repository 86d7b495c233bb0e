"""What the page can have done: frames written and sent, connections ended, faults injected. No sockets.

An order that was understood is answered 200 with an object, which has a `problem` if it was not carried out: browsers
report other statuses as mistakes of the page.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeAlias, TypeVar, cast

from pushwire.errors import FrameError
from pushwire.gateway._console.contract import Contract, Told
from pushwire.gateway._console.fault_orders import FaultOrderError, inject
from pushwire.gateway._management.faults import Faults
from pushwire.gateway._management.faulty import Answer, Cut, UnreliableManagementApi
from pushwire.gateway._state.connections import Registry
from pushwire.gateway._wire.responses import HttpResponse, http_error, json_response

__all__ = ["Done", "Gateway", "Orders"]

T = TypeVar("T")

Done: TypeAlias = HttpResponse | Coroutine[object, object, HttpResponse]
"""The answer to an order, at once or when it is carried out."""


class Gateway(Protocol):
    """What orders need of the gateway."""

    registry: Registry
    management: UnreliableManagementApi
    faults: Faults

    def receive(self, connection_id: str, text: str) -> None:
        """Take a message as if a client had sent it."""
        ...

    def drop(self, connection_id: str) -> None:
        """Cut the TCP connection of a client."""
        ...

    def silence(self, connection_id: str) -> None:
        """Let a client die silently."""
        ...


class _MalformedOrderError(Exception):
    """An order is not one that the page gives; the text says why."""


class _NotDoneError(Exception):
    """An order cannot be carried out; the text says why."""


class Orders:
    """Carries out what the page asks for.

    Args:
        gateway: The gateway.
        contract: The contract.

    Attributes:
        contract: The contract, which frames are written by.
    """

    def __init__(self, gateway: Gateway, contract: Contract) -> None:
        self.contract = contract
        self._gateway = gateway
        self._by_name: dict[str, Callable[[Told], Done]] = {
            "encode": self._encode,
            "send-as-client": self._send_as_client,
            "send-as-server": self._send_as_server,
            "disconnect": self._disconnect,
            "drop": self._drop,
            "silence": self._silence,
            "inject": self._inject,
            "remove": self._remove,
        }

    def carry_out(self, name: str, body: bytes) -> Done | None:
        """Do what is asked.

        Args:
            name: The order.
            body: A JSON object with what belongs to it.

        Returns:
            The answer, or `None` if there is no such order.
        """
        order = self._by_name.get(name)
        if order is None:
            return None
        try:
            return order(_object(body))
        except _MalformedOrderError as error:
            return http_error(400, str(error))
        except (_NotDoneError, FaultOrderError, FrameError) as error:
            return _problem(str(error))

    def _encode(self, order: Told) -> HttpResponse:
        # The frame is text in the order, so that its numbers keep all their digits.
        text = self.contract.encode(_required(order, "operation", str), _required(order, "frame", str))
        return json_response(200, {"text": text})

    def _send_as_client(self, order: Told) -> HttpResponse:
        self._gateway.receive(self._open_connection(order), _text(order).decode())
        return _DONE

    def _send_as_server(self, order: Told) -> Done:
        return self._call("POST", order, _text(order))

    def _disconnect(self, order: Told) -> Done:
        return self._call("DELETE", order, b"")

    def _call(self, method: str, order: Told, body: bytes) -> Done:
        answer = self._gateway.management.answer(method, _required(order, "connectionId", str), body)
        return _outcome(answer) if isinstance(answer, HttpResponse) else _later_outcome(answer)

    def _drop(self, order: Told) -> HttpResponse:
        self._gateway.drop(self._open_connection(order))
        return _DONE

    def _silence(self, order: Told) -> HttpResponse:
        self._gateway.silence(self._open_connection(order))
        return _DONE

    def _inject(self, order: Told) -> HttpResponse:
        inject(
            self._gateway.faults,
            kind=_required(order, "kind", str),
            numbers=cast("Told", _required(order, "numbers", dict)),
            connection_id=_optional(order, "connectionId", str),
            times=_optional(order, "times", int),
            probability=order.get("probability", 1),
        )
        return _DONE

    def _remove(self, order: Told) -> HttpResponse:
        number = _required(order, "id", int)
        for injection in self._gateway.faults.injections:
            if id(injection) == number:
                injection.remove()
        return _DONE

    def _open_connection(self, order: Told) -> str:
        connection_id = _required(order, "connectionId", str)
        if self._gateway.registry.get(connection_id) is None:
            raise _NotDoneError(f"{connection_id} is not connected")
        return connection_id


def _problem(text: str) -> HttpResponse:
    return json_response(200, {"problem": text})


_DONE = json_response(200, {})


def _outcome(answer: Answer) -> HttpResponse:
    """Tell what the management API has answered."""
    if isinstance(answer, Cut):
        return _problem("The TCP connection was cut")
    if answer.status // 100 == 2:
        return _DONE
    error_type = dict(answer.headers).get("x-amzn-ErrorType", "")
    message = json.loads(answer.body).get("message", "") if answer.body else ""
    return _problem(f"{answer.status} {error_type}: {message}".rstrip(": "))


async def _later_outcome(answering: Coroutine[object, object, Answer]) -> HttpResponse:
    return _outcome(await answering)


def _object(body: bytes) -> Told:
    try:
        order: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _MalformedOrderError("the order is not JSON") from error
    if not isinstance(order, dict):
        raise _MalformedOrderError("the order is no JSON object")
    return cast("Told", order)


def _text(order: Told) -> bytes:
    try:
        return _required(order, "text", str).encode()
    except UnicodeEncodeError as error:
        raise _NotDoneError("the text holds half of a surrogate pair, which no frame can carry") from error


def _required(order: Told, key: str, kind: type[T]) -> T:
    value = _optional(order, key, kind)
    if value is None:
        raise _MalformedOrderError(f"the order has no {key!r}")
    return value


def _optional(order: Told, key: str, kind: type[T]) -> T | None:
    value = order.get(key)
    if value is None or (isinstance(value, kind) and not isinstance(value, bool)):
        return value
    raise _MalformedOrderError(f"the order's {key!r} is no {kind.__name__}")
