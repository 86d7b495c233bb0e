"""The app under test: a Lambda handler that follows instructions and reports its events.

Instructions are in the query string for `$connect`, and in the JSON object of a message:

| instruction | for | effect |
|---|---|---|
| `watcher` | both | reports `CONNECT` and `DISCONNECT` events to that connection (also as the header `X-Watcher`) |
| `early` | `$connect` | calls `post` or `get` for its own, still pending connection, and reports the result |
| `silent` | messages | does not report the event to the sender, which is the default |
| `hold` | both | waits for a message with `release` and the same name, or for `seconds` |
| `release` | messages | ends the wait with that name |
| `raise` | both | raises an exception |
| `result` | both | returns this result, as JSON; the default is `{"statusCode": 200}` |

It needs only boto3. Watchers are stored in files, for all processes on one machine. On AWS, this requires a single
instance of the function.
"""

import hashlib
import json
import os
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from types_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

HELD_SECONDS = 5.0
BODY_CHARACTERS = 1_000

WATCHERS = Path(tempfile.gettempdir(), "conformance-watchers")
WATCHERS.mkdir(exist_ok=True)

releases: dict[str, threading.Event] = {}
session = boto3.Session()
lock = threading.Lock()


def handler(event: dict[str, Any], _context: object) -> object:
    """Serve every route of the API."""
    on = {"CONNECT": on_connect, "MESSAGE": on_message, "DISCONNECT": on_disconnect}
    return on[event["requestContext"]["eventType"]](event)


def authorizer(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Authorize `$connect` by the query parameter `token`: `Allow`, `Deny`, or the text of an exception."""
    effect = event["queryStringParameters"]["token"]
    if effect not in ("Allow", "Deny"):
        raise RuntimeError(effect)
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {
        "principalId": "somebody",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"text": "yes", "number": 1, "flag": True},
    }


def on_connect(event: dict[str, Any]) -> object:
    told = event.get("queryStringParameters") or {}
    context = event["requestContext"]
    report: dict[str, Any] = {"event": event}
    if "early" in told:
        report["early"] = attempt(told["early"], context)
    watcher = told.get("watcher") or event["headers"].get("X-Watcher")
    if watcher is not None:
        watched_by(context).write_text(watcher)
        post(context, watcher, report)
    return obey(told, json.loads(told.get("result", '{"statusCode": 200}')))


def on_message(event: dict[str, Any]) -> object:
    told = read(event["body"])
    context = event["requestContext"]
    if "watcher" in told:
        watched_by(context).write_text(told["watcher"])
    if "release" in told:
        gate(told["release"]).set()
    if not told.get("silent"):
        post(context, context["connectionId"], {"event": abridged(event), "body": digest(event["body"])})
    return obey(told, told.get("result", {"statusCode": 200}))


def on_disconnect(event: dict[str, Any]) -> object:
    context = event["requestContext"]
    file = watched_by(context)
    if file.exists():
        watcher = file.read_text()
        file.unlink()
        post(context, watcher, {"event": event})
    return {"statusCode": 200}


def obey(told: dict[str, Any], result: object) -> object:
    if "hold" in told:
        gate(told["hold"]).wait(float(told.get("seconds", HELD_SECONDS)))
    if told.get("raise"):
        raise RuntimeError("the app was told to raise")
    return result


def attempt(operation: str, context: dict[str, Any]) -> dict[str, Any]:
    client, connection_id = management(callback_url(context)), context["connectionId"]
    try:
        if operation == "post":
            client.post_to_connection(ConnectionId=connection_id, Data=b"too early")
        else:
            client.get_connection(ConnectionId=connection_id)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return {"status": status, "exception": type(error).__name__}
    return {"status": 200, "exception": None}


def post(context: dict[str, Any], connection_id: str, report: dict[str, Any]) -> None:
    data = json.dumps(report).encode()
    management(callback_url(context)).post_to_connection(ConnectionId=connection_id, Data=data)


def watched_by(context: dict[str, Any]) -> Path:
    return WATCHERS / quote(context["connectionId"], safe="")


def callback_url(context: dict[str, Any]) -> str:
    """Return `CALLBACK_URL`, a URL with an emulator's `domainName` and port, or one with the API's host on AWS."""
    if told := os.environ.get("CALLBACK_URL"):
        return told
    if ":" in context["domainName"]:
        return f"http://{context['domainName']}/{context['stage']}"
    return f"https://{context['apiId']}.execute-api.{os.environ['AWS_REGION']}.amazonaws.com/{context['stage']}"


def management(url: str) -> "ApiGatewayManagementApiClient":
    with lock:  # Why a lock: a session may make only one client at a time.
        return client_for(url)


@cache
def client_for(url: str) -> "ApiGatewayManagementApiClient":
    config = Config(connect_timeout=5, read_timeout=5, retries={"total_max_attempts": 1})
    region = os.environ.get("AWS_REGION", "us-east-1")
    return session.client("apigatewaymanagementapi", endpoint_url=url, region_name=region, config=config)


def gate(name: str) -> threading.Event:
    return releases.setdefault(name, threading.Event())


def read(body: str) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def abridged(event: dict[str, Any]) -> dict[str, Any]:
    """Return the event with the beginning of its body, so that the report of a large message can be posted."""
    return event | {"body": event["body"][:BODY_CHARACTERS]}


def digest(body: str) -> dict[str, Any]:
    return {"characters": len(body), "sha256": hashlib.sha256(body.encode()).hexdigest()}
