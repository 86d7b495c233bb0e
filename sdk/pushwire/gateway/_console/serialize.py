"""Entries of the transcript, connections and faults as JSON for the page. Pure."""

from pushwire.gateway._console.contract import ConsoleContract, JsonObject
from pushwire.gateway._management.faults import Injection
from pushwire.gateway._state.connections import GatewayConnection
from pushwire.gateway._state.results import Failed, Outcome, TimedOut
from pushwire.gateway.transcript import (
    Called,
    Connected,
    Delivered,
    Ended,
    Entry,
    Invoked,
    Received,
    Refused,
)

__all__ = ["serialize_connection", "serialize_entry", "serialize_injection"]


def serialize_entry(entry: Entry, contract: ConsoleContract) -> JsonObject:
    """Return an entry of the transcript as JSON.

    Args:
        entry: The entry.
        contract: The contract with which frames are decoded.
    """
    value: JsonObject
    match entry:
        case Connected(source_ip=source_ip, user_agent=user_agent, subprotocol=subprotocol):
            value = {"kind": "connected", "sourceIp": source_ip, "userAgent": user_agent, "subprotocol": subprotocol}
        case Refused(status=status):
            value = {"kind": "refused", "status": status}
        case Received(text=text, route_key=route_key):
            value = {"kind": "received", "text": text, "routeKey": route_key, "frame": contract.decode_received(text)}
        case Delivered(text=text, cause=cause):
            value = {"kind": "delivered", "text": text, "cause": cause, "frame": contract.decode_delivered(text)}
        case Invoked(event=event, outcome=outcome):
            value = {"kind": "invoked", "routeKey": event["requestContext"]["routeKey"], **_serialize_outcome(outcome)}
        case Called(method=method, status=status):
            value = {"kind": "called", "method": method, "status": status}
        case Ended(code=code, reason=reason):
            value = {"kind": "ended", "code": code, "reason": reason}
        case _:
            value = {"kind": type(entry).__name__.lower()}
    return {"at": entry.at, "connectionId": entry.connection_id} | value


def serialize_connection(connection: GatewayConnection) -> JsonObject:
    """Return an open connection as JSON."""
    caller = connection.caller
    return {
        "connectionId": connection.id,
        "connectedAt": caller.connected_at / 1000,
        "sourceIp": caller.source_ip,
        "userAgent": caller.user_agent,
    }


def serialize_injection(injection: Injection) -> JsonObject:
    """Return an injected fault as JSON."""
    return {
        "id": id(injection),
        "fault": repr(injection.fault),
        "connectionId": injection.connection_id,
        "count": injection.count,
    }


def _serialize_outcome(outcome: Outcome) -> JsonObject:
    match outcome:
        case Failed(reason):
            return {"failure": reason}
        case TimedOut():
            return {"failure": "it timed out"}
        case _:
            return {"statusCode": outcome.status_code}
