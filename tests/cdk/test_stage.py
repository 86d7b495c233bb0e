"""The stage: its URLs for each host, throttling, and logs."""

import json

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Match
from aws_cdk.aws_apigatewayv2 import DomainName
from aws_cdk.aws_certificatemanager import Certificate

from pushwire.callback_url import ENVIRONMENT_VARIABLE, CallbackUrl
from pushwire.cdk import InfrastructureError
from tests.cdk.stacks import services
from tests.cdk.world import World, environment, plain

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/2d1c0f2e-4a6b-4a52-9f0e-0123456789ab"


def domain(scope: Stack) -> DomainName:
    certificate = Certificate.from_certificate_arn(scope, "Certificate", CERTIFICATE)
    return DomainName(scope, "Domain", domain_name="ws.example.com", certificate=certificate)


def outputs(world: World, name: str) -> dict[str, str]:
    found = world.template(name).find_outputs("*")
    return {key: plain(output["Value"]).replace("Domain", "ws.example.com") for key, output in found.items()}


def test_without_a_domain_both_urls_are_the_apis_own(world: World) -> None:
    assert outputs(world, "OwnHost") == {
        "Url": "wss://Api.execute-api.us-east-1.amazonaws.com/live",
        "CallbackUrl": "https://Api.execute-api.us-east-1.amazonaws.com/live",
    }
    world.template("OwnHost").has_resource_properties(
        "AWS::ApiGatewayV2::Stage", {"StageName": "live", "AutoDeploy": True, "StageVariables": {"colour": "blue"}}
    )


def test_a_domain_has_urls_of_its_own_with_the_mapping_key_and_without_the_stage(world: World) -> None:
    assert outputs(world, "BothHosts") == {
        "Url": "wss://Api.execute-api.us-east-1.amazonaws.com/prod",
        "CallbackUrl": "https://Api.execute-api.us-east-1.amazonaws.com/prod",
        "DomainUrl": "wss://ws.example.com/chat",
        "DomainCallbackUrl": "https://ws.example.com/chat",
    }
    world.template("BothHosts").has_resource_properties(
        "AWS::ApiGatewayV2::ApiMapping", {"ApiMappingKey": "chat", "Stage": "prod"}
    )
    url = environment(world, "BothHosts", "Router")[ENVIRONMENT_VARIABLE]
    assert url == outputs(world, "BothHosts")["CallbackUrl"]


def test_where_the_default_endpoint_is_disabled_both_urls_are_the_domains(world: World) -> None:
    assert outputs(world, "DomainOnly") == {"Url": "wss://ws.example.com", "CallbackUrl": "https://ws.example.com"}
    world.template("DomainOnly").has_resource_properties("AWS::ApiGatewayV2::Api", {"DisableExecuteApiEndpoint": True})
    assert environment(world, "DomainOnly", "Router") == {ENVIRONMENT_VARIABLE: "https://Domain"}
    (policy,) = world.resources("DomainOnly", "IAM::Policy")
    assert plain(policy["PolicyDocument"]["Statement"][0])["Resource"].endswith(":Api/prod/POST/@connections/*")


@pytest.mark.parametrize("name", ["OwnHost", "BothHosts", "DomainOnly"])
def test_the_sdk_takes_every_callback_url(world: World, name: str) -> None:
    for key, url in outputs(world, name).items():
        if key.endswith("CallbackUrl"):
            assert CallbackUrl.parse(url).url == url


def test_a_disabled_endpoint_without_a_domain_is_refused(world: World) -> None:
    with pytest.raises(InfrastructureError, match="requires a custom domain; add a domain_mapping"):
        services().ChatWebSocketApi(
            Stack(App(), "Stack"),
            "Api",
            integrations=services().ChatIntegrations.mock(),
            disable_execute_api_endpoint=True,
        )


def test_the_urls_of_a_domain_need_one(world: World) -> None:
    api = services().ChatWebSocketApi(Stack(App(), "Stack"), "Api", integrations=services().ChatIntegrations.mock())
    with pytest.raises(InfrastructureError, match="the stage has no custom domain; add a domain_mapping"):
        _ = api.default_stage.domain_url


# Logs


def test_a_stage_logs_what_becomes_of_messages_and_never_what_they_hold(world: World) -> None:
    (settings,) = world.resources("Router", "ApiGatewayV2::Stage")
    assert settings["DefaultRouteSettings"] == {"LoggingLevel": "ERROR", "DataTraceEnabled": False}
    line = json.loads(settings["AccessLogSettings"]["Format"])
    assert line["routeKey"] == "$context.routeKey"
    assert line["requestId"] == "$context.requestId"
    assert not any("body" in value or "path" in value for value in line.values())
    world.template("Router").has_resource("AWS::Logs::LogGroup", {"DeletionPolicy": "Retain"})
    world.template("Router").resource_count_is("AWS::ApiGateway::Account", 0)


def test_logs_go_where_one_wants_them(world: World) -> None:
    (settings,) = world.resources("OwnLogs", "ApiGatewayV2::Stage")
    assert settings["AccessLogSettings"]["Format"] == "$context.requestId"
    assert settings["AccessLogSettings"]["DestinationArn"]["Fn::GetAtt"][0].startswith("Mine")
    assert settings["DefaultRouteSettings"] == {
        "LoggingLevel": "INFO",
        "DataTraceEnabled": False,
        "DetailedMetricsEnabled": True,
    }
    world.template("OwnLogs").resource_count_is("AWS::Logs::LogGroup", 1)


def test_logs_can_be_switched_off(world: World) -> None:
    (settings,) = world.resources("NoLogs", "ApiGatewayV2::Stage")
    assert "AccessLogSettings" not in settings
    assert settings["DefaultRouteSettings"]["LoggingLevel"] == "OFF"
    world.template("NoLogs").resource_count_is("AWS::Logs::LogGroup", 0)


def test_the_role_that_api_gateway_logs_with_is_made_when_asked_and_outlives_the_stack(world: World) -> None:
    template = world.template("OwnLogs")
    template.has_resource("AWS::ApiGateway::Account", {"DeletionPolicy": "Retain"})
    template.has_resource(
        "AWS::IAM::Role",
        {"DeletionPolicy": "Retain", "Properties": {"AssumeRolePolicyDocument": Match.object_like({})}},
    )
    (stage,) = template.find_resources("AWS::ApiGatewayV2::Stage").values()
    assert any("Account" in name for name in stage["DependsOn"])


def test_the_api_is_named_and_described(world: World) -> None:
    world.template("Throttled").has_resource_properties(
        "AWS::ApiGatewayV2::Api", {"Name": "chat", "Description": "A chat room."}
    )
