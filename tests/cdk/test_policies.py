"""The policies of templates, evaluated by moto: each allows its purpose on this API and stage."""

import json
from collections.abc import Iterable
from pathlib import Path
from string import Template
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.iam.access_control import IAMPolicy, PermissionResult

from pushwire.gateway._access.policies import allows, read_policy
from tests.cdk.world import ACCOUNT, REGION, World, plain

MANAGE, INVOKE = "execute-api:ManageConnections", "execute-api:Invoke"
STAGE = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:Api/prod"
CONNECTION = "@connections/R0oXAdfD0kwCH6w="
ELSEWHERE = [
    STAGE.replace(":Api/", ":Other/"),
    STAGE.replace("/prod", "/test"),
    STAGE.replace(REGION, "eu-west-1"),
    STAGE.replace(ACCOUNT, "210987654321"),
]
METHODS = ["POST", "DELETE", "GET"]


def permits(document: dict[str, Any], action: str, resource: str) -> bool:
    """Return whether moto's IAM allows an action for a principal with a policy."""
    policy = IAMPolicy(json.dumps(document))
    return policy.is_action_permitted(action, resource) is PermissionResult.PERMITTED


def policy_of(world: World, stack: str, function: str) -> dict[str, Any]:
    """Return the policy of a function's role."""
    (found,) = [
        plain(policy["PolicyDocument"])
        for policy in world.resources(stack, "IAM::Policy")
        if policy["Roles"][0]["Ref"].startswith(f"{function}ServiceRole")
    ]
    document: dict[str, Any] = found
    return document


def allowed_methods(document: dict[str, Any], stage: str = STAGE) -> set[str]:
    return {method for method in METHODS if permits(document, MANAGE, f"{stage}/{method}/{CONNECTION}")}


@pytest.mark.parametrize(
    ("function", "methods"),
    [
        ("Router", {"POST"}),
        ("Step", {"POST"}),
        ("Kicker", {"DELETE"}),
        ("Prober", {"GET"}),
        ("Manager", {"POST", "DELETE", "GET"}),
    ],
)
def test_each_may_do_what_it_was_granted_on_this_api_and_stage_only(
    world: World, function: str, methods: set[str]
) -> None:
    document = policy_of(world, "Workflow", function)
    assert allowed_methods(document) == methods
    for stage in ELSEWHERE:
        assert allowed_methods(document, stage) == set()
    assert not permits(document, INVOKE, f"{STAGE}/$connect")


@given(action=st.sampled_from([MANAGE, INVOKE, "execute-api:*", "lambda:InvokeFunction"]), rest=st.text(max_size=30))
def test_a_sender_can_do_nothing_but_post(world: World, action: str, rest: str) -> None:
    document = policy_of(world, "Workflow", "Router")
    if permits(document, action, f"{STAGE}/{rest}"):
        assert action == MANAGE
        assert rest.startswith("POST/@connections/")


def test_the_gateways_own_evaluator_agrees(world: World) -> None:
    for function in ("Router", "Step", "Kicker", "Prober", "Manager"):
        document = policy_of(world, "Workflow", function)
        statements = read_policy(document)
        for stage in (STAGE, *ELSEWHERE):
            for method in METHODS:
                resource = f"{stage}/{method}/{CONNECTION}"
                assert allows(statements, MANAGE, resource) == permits(document, MANAGE, resource)


def test_the_documents_policies_do_the_same(generated: Path) -> None:
    text = Template((generated / "apis.iam.json").read_text()).safe_substitute(
        partition="aws", region=REGION, account_id=ACCOUNT, api_id="Api", stage="prod"
    )
    policies: dict[str, Any] = json.loads(text)
    assert {name: allowed_methods(policy) for name, policy in policies.items()} == {
        "connect": set(),
        "disconnect": {"DELETE"},
        "inspect": {"GET"},
        "send": {"POST"},
    }
    # Why not with moto: it treats the $ of a resource as the end of a pattern.
    invokes = {name: allows(read_policy(policy), INVOKE, f"{STAGE}/$connect") for name, policy in policies.items()}
    assert [name for name, invoke in invokes.items() if invoke] == ["connect"]
    assert not any(allows(read_policy(policies["connect"]), INVOKE, f"{stage}/$connect") for stage in ELSEWHERE)


def every_resource(documents: Iterable[dict[str, Any]]) -> set[str]:
    return {statement["Resource"] for document in documents for statement in document["Statement"]}


def test_no_function_of_any_stack_may_more_than_post(world: World) -> None:
    documents = [
        plain(policy["PolicyDocument"])
        for name in world.stacks
        if name != "Workflow" and "Fanout" not in name and "Connections" not in name
        for policy in world.resources(name, "IAM::Policy")
    ]
    assert len(documents) > 10
    assert every_resource(documents) <= {
        f"{STAGE}/POST/@connections/*",
        f"{STAGE.replace('prod', 'live')}/POST/@connections/*",
    }
