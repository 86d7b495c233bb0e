"""Entries of the transcript, as the page is told of them. Pure."""

from pushwire.gateway._console.contract import Contract, Told
from pushwire.gateway._management.faults import Injection
from pushwire.gateway._state.connections import Connection
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

__all__ = ["tell_connection", "tell_entry", "tell_injection"]


def tell_entry(entry: Entry, contract: Contract) -> Told:
    """Return an entry; frames are decoded by the contract.

    Args:
        entry: The entry.
        contract: The contract.
    """
    told: Told
    match entry:
        case Connected(source_ip=source_ip, user_agent=user_agent, subprotocol=subprotocol):
            told = {"kind": "connected", "sourceIp": source_ip, "userAgent": user_agent, "subprotocol": subprotocol}
        case Refused(status=status):
            told = {"kind": "refused", "status": status}
        case Received(text=text, route_key=route_key):
            told = {"kind": "received", "text": text, "routeKey": route_key, "frame": contract.tell_received(text)}
        case Delivered(text=text, cause=cause):
            told = {"kind": "delivered", "text": text, "cause": cause, "frame": contract.tell_delivered(text)}
        case Invoked(event=event, outcome=outcome):
            told = {"kind": "invoked", "routeKey": event["requestContext"]["routeKey"], **_tell_outcome(outcome)}
        case Called(method=method, status=status):
            told = {"kind": "called", "method": method, "status": status}
        case Ended(code=code, reason=reason):
            told = {"kind": "ended", "code": code, "reason": reason}
        case _:
            told = {"kind": type(entry).__name__.lower()}
    return {"at": entry.at, "connectionId": entry.connection_id} | told


def tell_connection(connection: Connection) -> Told:
    """Return an open connection."""
    caller = connection.caller
    return {
        "connectionId": connection.id,
        "connectedAt": caller.connected_at / 1000,
        "sourceIp": caller.source_ip,
        "userAgent": caller.user_agent,
    }


def tell_injection(injection: Injection) -> Told:
    """Return a fault that has been injected."""
    return {
        "id": id(injection),
        "fault": repr(injection.fault),
        "connectionId": injection.connection_id,
        "count": injection.count,
    }


def _tell_outcome(outcome: Outcome) -> Told:
    match outcome:
        case Failed(reason):
            return {"failure": reason}
        case TimedOut():
            return {"failure": "it took too long"}
        case _:
            return {"statusCode": outcome.status_code}
