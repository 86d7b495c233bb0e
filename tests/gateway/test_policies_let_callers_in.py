"""Policies by IAM's rules: wildcards, lists and single values, and precedence of Deny."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushwire.gateway import Principal
from pushwire.gateway._access.policies import (
    INVOKE,
    MANAGE_CONNECTIONS,
    ApiResources,
    PolicyError,
    allows,
    matches,
    read_policy,
)

API = ApiResources("eu-west-1", "123456789012", "abcd1234", "prod")
ARN = "arn:aws:execute-api:eu-west-1:123456789012:abcd1234/prod"


def statement(effect: str = "Allow", action: object = INVOKE, resource: object = "*", **more: object) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def lets_connect(*statements: dict[str, Any]) -> bool:
    return allows(read_policy({"Version": "2012-10-17", "Statement": list(statements)}), INVOKE, API.connect)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*", "", True),
        ("*", "anything:at/all", True),
        (f"{ARN}/$connect", f"{ARN}/$connect", True),
        (f"{ARN}/*", f"{ARN}/$connect", True),
        ("arn:aws:execute-api:*:*:*", f"{ARN}/$connect", True),
        (f"{ARN}/*/*", f"{ARN}/$connect", False),
        (f"{ARN}/POST/@connections/*", API.connections("POST"), True),
        (f"{ARN}/POST/@connections/*", API.connections("DELETE"), False),
        (f"{ARN}/*/@connections/*", API.connections("DELETE"), True),
        (f"{ARN}/POST/@connections/R0oXAdfD0kwCH6w=", API.connections("POST"), False),
        (f"{ARN}/POST/@connections", API.connections("POST"), False),
        ("prod?", "prod1", True),
        ("prod?", "prod", False),
        ("PROD", "prod", False),
        ("[a]", "a", False),
        ("[a]", "[a]", True),
        ("a.c", "abc", False),
        ("$connect", "$connect\n", False),
    ],
)
def test_wildcards(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected


@given(st.text("ab[]!-?*", max_size=8), st.text("ab[]!-", max_size=8))
def test_only_the_asterisk_and_the_question_mark_are_special(pattern: str, text: str) -> None:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    assert matches(pattern, text) is (re.fullmatch(expression, text) is not None)


def test_a_long_pattern_of_asterisks_takes_no_time() -> None:
    assert not matches("*a" * 200 + "b", "a" * 2_000)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([statement()], True),
        ([statement(action="execute-api:*")], True),
        ([statement(action="*")], True),
        ([statement(action="EXECUTE-API:invoke")], True),
        ([statement(action=["s3:GetObject", "execute-api:Inv*"])], True),
        ([statement(action=MANAGE_CONNECTIONS)], False),
        ([statement(resource=["arn:aws:s3:::b", f"{ARN}/*"])], True),
        ([statement(resource=f"{ARN}/$disconnect")], False),
        ([statement(), statement("Deny", resource=f"{ARN}/$connect")], False),
        ([statement("Deny", resource=f"{ARN}/$connect"), statement()], False),
        ([statement(), statement("Deny", resource=f"{ARN}/secret")], True),
        ([statement(), statement("Deny", action=MANAGE_CONNECTIONS)], True),
        ([statement("Deny")], False),
        ([], False),
        ([statement(Sid="Connect")], True),
    ],
)
def test_some_statement_must_allow_and_none_may_deny(statements: list[dict[str, Any]], expected: bool) -> None:
    assert lets_connect(*statements) is expected


def test_a_single_statement_needs_no_list() -> None:
    assert allows(read_policy({"Statement": statement()}), INVOKE, API.connect)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (None, "'policyDocument' must be an object"),
        ("{}", "'policyDocument' must be an object"),
        ({}, "must have a 'Statement'"),
        ({"Statement": "Allow"}, "must have a 'Statement'"),
        ({"Statement": [statement(), 5]}, "statement 2 must be an object"),
        ({"Statement": [statement("allow")]}, "statement 1: 'Effect' must be 'Allow' or 'Deny'"),
        ({"Statement": [{"Effect": "Allow", "Resource": "*"}]}, "statement 1: 'Action' must be a string"),
        ({"Statement": [statement(action=[])]}, "'Action' must be a string or a list of strings"),
        ({"Statement": [statement(resource=["*", None])]}, "'Resource' must be a string or a list of strings"),
        ({"Statement": [statement(Condition={}, NotAction="*")]}, "has Condition, NotAction, which the local gateway"),
    ],
)
def test_what_is_no_policy_or_cannot_be_evaluated_is_refused(document: object, words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read_policy(document)
    assert words in str(caught.value)


def test_the_resources_of_a_stage() -> None:
    assert API.connect == f"{ARN}/$connect"
    assert API.connections("POST") == f"{ARN}/POST/@connections/{{connectionId}}"
    assert API.masked(API.connect) == "arn:aws:execute-api:eu-west-1:********9012:abcd1234/prod/$connect"


def test_a_principal_may_use_what_one_of_its_patterns_names() -> None:
    sender = Principal("AKID", "secret", allow=(f"{ARN}/POST/@connections/*", f"{ARN}/$connect"))
    assert sender.may_use(API.connections("POST"))
    assert sender.may_use(API.connect)
    assert not sender.may_use(API.connections("DELETE"))
    assert not Principal("AKID", "secret", allow=()).may_use(API.connect)
    assert sender.arn("123456789012") == "arn:aws:iam::123456789012:user/local"
