"""The events of REQUEST authorizers, and how their results are read. No sockets."""

import contextlib
import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushwire.gateway import SettingsError
from pushwire.gateway._access.authorizers import (
    AuthorizerRefusal,
    RequestAuthorizer,
    authorizer_event,
    catching_unauthorized,
    missing_identity,
    read_authorization,
)
from pushwire.gateway._state.results import MalformedResultError

ARN = "arn:aws:execute-api:us-east-1:123456789012:abcd1234/prod/$connect"
HEADERS = {
    "Host": "127.0.0.1:3001",
    "HeaderAuth1": "headerValue1",
    "Empty": "",
    "X-Amzn-Trace-Id": "Root=1-65c66adf-0123456789abcdef01234567",
    "X-Forwarded-For": "192.0.2.1",
}
CONTEXT = {
    "routeKey": "$connect",
    "eventType": "CONNECT",
    "connectedAt": 1707502303419,
    "identity": {"sourceIp": "192.0.2.1"},
    "connectionId": "AAAA1234=",
    "apiId": "abcd1234",
}
QUERY = {
    "queryStringParameters": {"QueryString1": "queryValue1", "empty": ""},
    "multiValueQueryStringParameters": {"QueryString1": ["queryValue1"], "empty": [""]},
}


def connect_event(**more: Any) -> dict[str, Any]:
    event = {
        "headers": HEADERS,
        "multiValueHeaders": {name: [value] for name, value in HEADERS.items()},
        "requestContext": CONTEXT,
        "isBase64Encoded": False,
        **more,
    }
    return copy.deepcopy(event)


def answer(effect: str = "Allow", resource: object = ARN, **more: Any) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {
        "principalId": "me",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        **more,
    }


# Events


def test_its_event_has_the_keys_of_awss_own_example() -> None:
    headers = {"Connection": "upgrade", "content-length": "0", "Upgrade": "websocket", **HEADERS}
    assert authorizer_event(connect_event(**QUERY), ARN) == {
        "type": "REQUEST",
        "methodArn": ARN,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        **QUERY,
        "stageVariables": {},
        "requestContext": CONTEXT,
    }


def test_without_a_query_string_and_stage_variables_these_are_empty_objects() -> None:
    event = authorizer_event(connect_event(), ARN)
    assert event["queryStringParameters"] == event["multiValueQueryStringParameters"] == event["stageVariables"] == {}
    assert authorizer_event(connect_event(stageVariables={"a": "b"}), ARN)["stageVariables"] == {"a": "b"}


def test_what_it_does_to_its_event_does_not_reach_connect() -> None:
    connect = connect_event(**QUERY)
    event = authorizer_event(connect, ARN)
    event["requestContext"]["identity"].clear()
    event["queryStringParameters"].clear()
    event["multiValueHeaders"]["Host"].clear()
    assert connect == connect_event(**QUERY)


# Identity sources


@pytest.mark.parametrize(
    ("source", "is_missing"),
    [
        ("route.request.header.HeaderAuth1", False),
        ("route.request.header.headerauth1", False),
        ("route.request.header.Authorization", True),
        ("route.request.header.Empty", True),
        ("route.request.querystring.QueryString1", False),
        ("route.request.querystring.querystring1", True),
        ("route.request.querystring.empty", True),
        ("stageVariables.tenant", False),
        ("stageVariables.other", True),
        ("context.connectionId", False),
        ("context.identity.sourceIp", False),
        ("context.connectedAt", False),
        ("context.identity.caller", True),
        ("context.apiId.no", True),
    ],
)
def test_an_identity_source_that_is_missing_or_empty_is_found(source: str, is_missing: bool) -> None:
    RequestAuthorizer(print, (source,))
    event = authorizer_event(connect_event(stageVariables={"tenant": "t"}, **QUERY), ARN)
    assert missing_identity(("context.apiId", source), event) == (source if is_missing else None)


def test_without_identity_sources_nothing_is_missing() -> None:
    assert missing_identity((), authorizer_event(connect_event(), ARN)) is None


@pytest.mark.parametrize(
    "source",
    ["", "token", "route.request.body.token", "route.request.header.", "method.request.header.A", "context.a b"],
)
def test_an_identity_source_of_another_form_is_refused(source: str) -> None:
    with pytest.raises(SettingsError, match=r" must be one of route\.request\.header\.NAME, "):
        RequestAuthorizer(print, (source,))


def test_one_string_for_the_tuple_of_identity_sources_is_refused() -> None:
    with pytest.raises(SettingsError, match="must be a tuple"):
        RequestAuthorizer(print, "route.request.header.Authorization")


# Results


def test_an_allowing_policy_gives_later_events_the_principal_and_the_context_as_strings() -> None:
    context = {
        "stringKey": "ä",
        "numberKey": 123,
        "ratio": 0.5,
        "booleanKey": True,
        "no": False,
        "principalId": "other",
    }
    assert read_authorization(answer(context=context), ARN) == {
        "stringKey": "ä",
        "numberKey": "123",
        "ratio": "0.5",
        "booleanKey": "true",
        "no": "false",
        "principalId": "me",
    }
    assert read_authorization(answer(), ARN) == {"principalId": "me"}
    assert read_authorization(answer(usageIdentifierKey="key", context=None), ARN) == {"principalId": "me"}


def test_a_policy_that_denies_or_names_something_else_lets_nobody_in() -> None:
    assert read_authorization(answer("Deny"), ARN) is AuthorizerRefusal.DENIED
    assert read_authorization(answer(resource=ARN.replace("$connect", "*/*")), ARN) is AuthorizerRefusal.DENIED


@pytest.mark.parametrize("error", [Exception("Unauthorized"), PermissionError("Unauthorized")])
def test_an_exception_that_says_unauthorized_is_an_answer(error: Exception) -> None:
    def authorize(event: object, context: object) -> object:
        raise error

    ask = catching_unauthorized(authorize)
    assert read_authorization(ask({}, None), ARN) is AuthorizerRefusal.UNAUTHORIZED
    assert ask.__name__ == "authorize"


def test_any_other_exception_is_raised() -> None:
    def authorize(event: object, context: object) -> object:
        raise ValueError("Unauthorized: no token")

    with pytest.raises(ValueError, match="no token"):
        catching_unauthorized(authorize)({}, None)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "must be a dict with 'principalId' and 'policyDocument'"),
        ("Allow", "must be a dict"),
        ({}, "must have a 'principalId'"),
        (answer(principalId=5), "must have a 'principalId' that is a string"),
        ({"principalId": "me"}, "the authorizer's policy: 'policyDocument' must be an object"),
        (
            {"isAuthorized": True},
            "keys that API Gateway refuses: isAuthorized; WebSocket APIs have no simple responses",
        ),
        (answer(statusCode=401), "keys that API Gateway refuses: statusCode"),
        (answer(context=[]), "'context' must be an object"),
        (answer(context={"user": {"id": 3}}), "may hold only strings, numbers and booleans; 'user' is of type dict"),
        (answer(context={"roles": ["a"]}), "'roles' is of type list"),
        (answer(context={"none": None}), "'none' is of type NoneType"),
        (answer(context={"set": {1}}), "cannot be written as JSON"),
        (answer(context={"nan": float("nan")}), "cannot be written as JSON"),
        (answer(context={"lone": "\ud800"}), "cannot be written as JSON"),
        (answer(context={"long": "x" * 8_192}), "bytes; API Gateway allows at most 8,192"),
    ],
)
def test_what_api_gateway_calls_a_configuration_error_says_why_to_the_developer(value: object, words: str) -> None:
    with pytest.raises(MalformedResultError) as caught:
        read_authorization(value, ARN)
    assert words in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.fixed_dictionaries({}, optional={"principalId": JSON, "policyDocument": JSON, "context": JSON}) | JSON)
def test_any_answer_is_read_or_refused_and_only_a_policy_lets_in(value: object) -> None:
    with contextlib.suppress(MalformedResultError):
        assert read_authorization(value, ARN) is AuthorizerRefusal.DENIED
