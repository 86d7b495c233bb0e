"""The sources of the facts: AWS's pages by title, and public captures of the real service.

A capture is named by an id or a time in it, if there is one, so that it can be found by a search.
"""

from collections.abc import Callable
from typing import TypeVar

import pytest

Test = TypeVar("Test", bound=Callable[..., object])


def source(*sources: str) -> Callable[[Test], Test]:
    """Mark a test with the sources of its fact. The report of a failure shows them, and a test must have one."""
    return pytest.mark.source(*sources)


def guide(title: str, part: str = "") -> str:
    """Return the source for a page of the "Amazon API Gateway Developer Guide"."""
    return f'API Gateway Developer Guide, "{title}"' + (f": {part}" if part else "")


def capture(what: str) -> str:
    """Return the source for a capture of the real service."""
    return f"captured on the real service: {what}"


OVERVIEW = guide("Overview of WebSocket APIs in API Gateway", "WebSocket API status codes")
CONNECT_AND_DISCONNECT = guide("Manage connected users and client apps: $connect and $disconnect routes")
SUBPROTOCOL = guide("$connect routes that require a WebSocket subprotocol")
ROUTES = guide("Create routes for WebSocket APIs in API Gateway")
SELECTION = guide("WebSocket selection expressions")
INTEGRATIONS = guide("Invoke your backend integration with an API Gateway $default Route and custom routes")
ROUTE_RESPONSES = guide("Set up route responses for WebSocket APIs in API Gateway")
PROXY_INPUT = guide(
    "Set up a WebSocket API integration request in API Gateway",
    "Input format of a Lambda function for proxy integration",
)
PROXY_OUTPUT = guide("Lambda proxy integrations in API Gateway", "output format of a Lambda function")
BINARY = guide("Binary media types for WebSocket APIs in API Gateway")
QUOTAS = guide("Quotas for configuring and running a WebSocket API in API Gateway")
ACCOUNT_QUOTAS = guide("Amazon API Gateway quotas", "throttle per account and Region, WebSocket callback APIs included")
CONNECTIONS = guide("Use @connections commands in your backend service")
AUTHORIZER = guide("Control access to WebSocket APIs with AWS Lambda REQUEST authorizers")
IAM = guide("Control access to WebSocket APIs with IAM authorization")
MAPPING = guide("WebSocket API mapping template reference for API Gateway")
CUSTOM_DOMAIN = guide("Custom domain names for WebSocket APIs in API Gateway")
MODEL = "service model of apigatewaymanagementapi, 2018-11-29"
GONE_ARTICLE = 'AWS Knowledge Center, "How do I resolve 410 GoneException errors in my API Gateway WebSocket API?"'

IDS = capture("connection ids such as R0oXAdfD0kwCH6w=, JC1dgf9yoAMCK-g= and Trrx_etLIAMCKjQ=")
STATUSES = capture("$connect returning 200, 201, 301, 401 and 501, and raising, with wscat")
MESSAGE_STATUSES = capture("a message's handler returning 201, 301, 401 and 501, with wscat")
MESSAGE_EVENT = capture("the MESSAGE event with request id PJqCFEqHqRcFd0w=, 29/Nov/2023")
BROWSER_EVENTS = capture("the three events of a browser, 16/Mar/2025:00:46:22 to 00:46:38")
USER_AGENTS = capture("DISCONNECT events with request ids RYG0LEicPHcFo_A= and TX0tuFp2joEF5Zw=")
FORBIDDEN_FRAME = capture("wscat with connection id XDmENcnwIE0CFEQ=")
INTERNAL_ERROR_FRAME = capture("wscat with connection id Qyi07eCbtjMCJKw=")
TIMED_OUT_FRAME = capture("the frame that AWS's sample bedrock-chat filters in its client")
OWN_KEYS = capture("a result with keys of its own, connection id ZmDx-dJ4FiACFkQ=")
DELETED = capture("the DISCONNECT event after a DELETE, 20/Jul/2023:23:29:25")
IDLE_EVENT = capture("the DISCONNECT event with request id TX0tuFp2joEF5Zw=, 604 s after the connection")
LEFT_EVENT = capture("DISCONNECT events of browsers that left a page, 16/Mar/2025:00:46:38 and 16/Dec/2025:09:51:24")
INVALID_ID = capture("PostToConnection with a cuid as the id: BadRequestException, Invalid connectionId")
BOTH_WAYS = "users of the service: keep-alive messages of either direction, each 9.5 minutes, at work"
MAPPED_EVENTS = capture("events of APIs by a custom domain, reported to chalice: the mapping key is in none of them")
DEFAULT_HOST = capture("a chat sample of AWS that posts to the execute-api host, wherever clients connected")
MAPPED = capture("posts to https://{custom domain}/{stage}, in issues of a chat sample and of the .NET tools")
UNKNOWN_ID = capture("PostToConnection compared for closed and for invented ids")
