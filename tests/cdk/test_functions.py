"""The permissions and the environment of functions behind integrations."""

from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Annotations, Match
from aws_cdk.aws_apigatewayv2 import DomainMappingOptions
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration
from aws_cdk.aws_lambda import Function

from pushwire.callback_url import ENVIRONMENT_VARIABLE
from pushwire.cdk import InfrastructureError
from tests.cdk.stacks import chat, domain, function, integration, role, services
from tests.cdk.world import World, environment, plain, senders


def source_arns(world: World, name: str) -> dict[str, list[str]]:
    """Return the routes that may invoke each function, as `{stage}/{route}`."""
    arns: dict[str, list[str]] = {}
    for permission in world.resources(name, "Lambda::Permission"):
        (invoked,) = [value[0] for value in permission["FunctionName"].values()]
        source = plain(permission["SourceArn"])
        assert source.startswith("arn:aws:execute-api:us-east-1:123456789012:Api")
        arns.setdefault(invoked.rstrip("0123456789ABCDEF"), []).append(source.partition("/")[2])
    return arns


def test_a_router_is_given_the_callback_url_and_the_permission_to_post(world: World) -> None:
    assert senders(world, "Router") == {"Router"}
    assert environment(world, "Router", "Router") == {
        ENVIRONMENT_VARIABLE: "https://Api.execute-api.us-east-1.amazonaws.com/prod"
    }
    (policy,) = world.resources("Router", "IAM::Policy")
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert plain(statement) == {
        "Effect": "Allow",
        "Action": "execute-api:ManageConnections",
        "Resource": "arn:aws:execute-api:us-east-1:123456789012:Api/prod/POST/@connections/*",
    }


def test_each_function_is_given_the_same(world: World) -> None:
    assert senders(world, "FunctionEach") == {"Join", "Pinged", "Opened", "Shut"}


def test_a_function_on_one_route_is_invoked_from_it_alone(world: World) -> None:
    assert source_arns(world, "FunctionEach") == {
        "Join": ["prod/JoinRoom"],
        "Pinged": ["prod/ping"],
        "Opened": ["prod/$connect"],
        "Shut": ["prod/$disconnect"],
    }


def test_a_function_on_many_routes_has_one_permission_on_this_stage(world: World) -> None:
    assert source_arns(world, "Size40") == {"Router": ["prod/*"]}


def test_so_has_a_function_of_several_integrations(world: World) -> None:
    assert source_arns(world, "TwoIntegrationsOfOneFunction") == {"Shared": ["prod/*"]}


# Functions that send


def test_where_servers_send_nothing_only_those_who_answer_wrong_messages_may_send(world: World) -> None:
    assert senders(world, "Sink") == {"Collect"}
    assert environment(world, "Sink", "Opened") == {}


def test_an_authorizer_may_not_send(world: World) -> None:
    assert senders(world, "LambdaAuthorizer") == {"Router"}


def test_grants_can_be_switched_off(world: World) -> None:
    assert senders(world, "NoGrants") == set()
    assert environment(world, "NoGrants", "Router") == {}
    assert source_arns(world, "NoGrants") == {"Router": ["prod/*"]}


# Other functions


def test_a_step_of_a_workflow_is_let_send_and_told_where_to(world: World) -> None:
    assert senders(world, "Workflow") == {"Router", "Step"}
    assert environment(world, "Workflow", "Step") == environment(world, "Workflow", "Router") != {}


def test_each_need_has_a_grant_of_its_own_and_cdks_own_is_there(world: World) -> None:
    resources = {
        policy["Roles"][0]["Ref"].partition("ServiceRole")[0]: plain(policy["PolicyDocument"]["Statement"][0])[
            "Resource"
        ]
        for policy in world.resources("Workflow", "IAM::Policy")
    }
    stage = "arn:aws:execute-api:us-east-1:123456789012:Api/prod"
    assert resources == {
        "Router": f"{stage}/POST/@connections/*",
        "Step": f"{stage}/POST/@connections/*",
        "Kicker": f"{stage}/DELETE/@connections/*",
        "Prober": f"{stage}/GET/@connections/*",
        "Manager": f"{stage}/*/@connections/*",
        "Caller": f"{stage}/$connect",
    }


def test_an_alias_runs_with_the_environment_and_the_role_of_its_function(world: World) -> None:
    assert senders(world, "AliasedFunction") == {"Router"}
    assert ENVIRONMENT_VARIABLE in environment(world, "AliasedFunction", "Router")
    (permission,) = world.resources("AliasedFunction", "Lambda::Permission")
    assert permission["FunctionName"]["Ref"].startswith("Live")


def test_a_function_of_another_app_is_invoked_and_what_it_lacks_is_told(world: World) -> None:
    assert senders(world, "ImportedFunction") == set()
    (permission,) = world.resources("ImportedFunction", "Lambda::Permission")
    assert plain(permission["SourceArn"]).endswith(":Api/prod/*")
    (said,) = world.annotations("ImportedFunction")
    assert said.startswith(
        "warning: The function behind $connect, $disconnect, $default, JoinRoom, ping is not defined in this app; "
        "call default_stage.grant_send(function) to let it send."
    )


def test_a_function_of_another_app_cannot_be_given_a_variable(world: World) -> None:
    scope = Stack(App(), "Stack")
    api = services().ChatWebSocketApi(scope, "Api", integrations=services().ChatIntegrations.mock())
    other = Function.from_function_name(scope, "Other", "other")
    with pytest.raises(InfrastructureError, match="Stack/Other is not defined in this app, so its environment"):
        api.grant_sdk(other)


def test_a_function_of_two_apis_cannot_have_two_urls(world: World) -> None:
    scope = Stack(App(), "Stack")
    shared = function(scope, "Shared")
    for number in (1, 2):
        all_ = services().ChatIntegrations.all(WebSocketLambdaIntegration(f"Shared{number}", shared))
        if number == 1:
            services().ChatWebSocketApi(scope, "First", integrations=all_)
            continue
        with pytest.raises(
            InfrastructureError, match="Stack/Shared has the PUSHWIRE_CALLBACK_URL of another API or stage"
        ):
            services().ChatWebSocketApi(scope, "Second", integrations=all_)


@pytest.mark.parametrize("hosts", ["both", "the domain"])
def test_a_function_of_another_stack_is_let_send_from_here(world: World, tmp_path: Path, hosts: str) -> None:
    app = App(outdir=str(tmp_path), analytics_reporting=False)
    functions, apis = Stack(app, "Functions"), Stack(app, "Apis")
    options: dict[str, Any] = {}
    if hosts == "the domain":
        mapping = DomainMappingOptions(domain_name=domain(apis))
        options = {"domain_mapping": mapping, "disable_execute_api_endpoint": True}
    shared = role(functions)
    join, ping = (integration(functions, name, role=shared) for name in ("Join", "Ping"))
    chat(apis, integrations=services().ChatIntegrations(join_room=join, ping=ping), **options)
    synthesized = app.synth()  # without a cycle of references between stacks
    template = synthesized.get_stack_by_name("Apis").template
    (policy,) = [each["Properties"] for each in template["Resources"].values() if each["Type"] == "AWS::IAM::Policy"]
    assert plain(policy["PolicyDocument"]["Statement"][0])["Resource"].endswith("/prod/POST/@connections/*")
    assert policy["Roles"][0]["Fn::ImportValue"].startswith("Functions:")
    said = Annotations.from_stack(apis).find_warning(
        "*", Match.string_like_regexp("is in another stack; set PUSHWIRE_CALLBACK_URL there")
    )
    assert len(said) == (0 if hosts == "both" else 2)  # for each function
