"""Several stacks, stages and apps: synthesis without cycles, and permissions for exactly one stage each."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Annotations, Match
from aws_cdk.aws_apigatewayv2 import DomainMappingOptions
from aws_cdk.aws_apigatewayv2 import WebSocketApi as CdkWebSocketApi
from aws_cdk.aws_apigatewayv2 import WebSocketStage as CdkWebSocketStage
from aws_cdk.aws_apigatewayv2_authorizers import WebSocketLambdaAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration

from pushwire.callback_url import ENVIRONMENT_VARIABLE
from pushwire.cdk import ConnectionTable, Fanout, ImportedStage, InfrastructureError, WebSocketStage
from tests.cdk.stacks import chat, domain, function, integration, services
from tests.cdk.test_policies import CONNECTION, MANAGE, METHODS, permits
from tests.cdk.world import ACCOUNT, REGION, World

ENVIRONMENT = {"account": ACCOUNT, "region": REGION}


class Apps:
    """An app with its templates."""

    def __init__(self, folder: Path) -> None:
        self.app = App(outdir=str(folder), analytics_reporting=False)
        self._folder = folder

    def stack(self, name: str) -> Stack:
        return Stack(self.app, name)

    def templates(self) -> dict[str, dict[str, Any]]:
        """Synthesize, check the templates with cfn-lint, and return them."""
        self.app.synth()
        paths = sorted(self._folder.glob("*.template.json"))
        done = subprocess.run(
            ["cfn-lint", "--ignore-checks", "W", "--", *map(str, paths)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
        return {path.name.partition(".")[0]: json.loads(path.read_text()) for path in paths}


@pytest.fixture
def apps(tmp_path: Path, world: World) -> Apps:
    return Apps(tmp_path)


def of_kind(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {name: each["Properties"] for name, each in template["Resources"].items() if each["Type"] == f"AWS::{kind}"}


def resolved(value: Any) -> Any:
    """Resolve references to fixed texts: an API is `Api`, or what its logical id starts with."""
    match value:
        case list():
            return [resolved(item) for item in value]
        case {"Ref": str(name)}:
            known = {"AWS::AccountId": ACCOUNT, "AWS::Partition": "aws", "AWS::Region": REGION}
            return known.get(name, {"AWS::URLSuffix": "amazonaws.com"}.get(name, name[:-8]))
        case {"Fn::ImportValue": str(name)}:
            return name.rpartition("Ref")[2][:-8] if "Ref" in name else name
        case {"Fn::Join": [separator, parts]}:
            return separator.join(resolved(parts))
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"{name[:-8]}.{attribute}"
        case dict():
            return {key: resolved(item) for key, item in value.items()}
        case _:
            return value


def policies(template: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the policy documents by the role that has them."""
    found: dict[str, list[dict[str, Any]]] = {}
    for policy in of_kind(template, "IAM::Policy").values():
        found.setdefault(str(resolved(policy["Roles"][0])), []).append(resolved(policy["PolicyDocument"]))
    return found


def methods(documents: list[dict[str, Any]], api: str = "Api", stage: str = "prod") -> set[str]:
    arn = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/{stage}"
    return {
        method
        for method in METHODS
        for document in documents
        if permits(document, MANAGE, f"{arn}/{method}/{CONNECTION}")
    }


def variables(template: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [each for key, each in of_kind(template, "Lambda::Function").items() if key[:-8] == name]
    environment: dict[str, Any] = resolved(found.get("Environment", {}).get("Variables", {}))
    return environment


@pytest.mark.parametrize("authorizer", [False, True])
def test_a_sender_beside_the_router_of_an_api_in_another_stack(apps: Apps, authorizer: bool) -> None:
    functions, apis = apps.stack("Functions"), apps.stack("Apis")
    sender = function(functions, "Sender")
    if authorizer:
        doorman = WebSocketLambdaAuthorizer(
            "Door", function(functions, "Doorman"), identity_source=["route.request.querystring.token"]
        )
        api = chat(apis, authorizer=doorman)
    else:
        router = WebSocketLambdaIntegration("Router", function(functions, "Router"))
        api = chat(apis, integrations=services().ChatIntegrations.all(router))
    with pytest.raises(
        InfrastructureError, match=r"Functions/Sender cannot have the variable PUSHWIRE_CALLBACK_URL: its"
    ):
        api.grant_sdk(sender)
    api.default_stage.grant_send(sender)
    api.default_stage.grant_send(sender)  # may be called twice
    api.default_stage.grant_disconnect(sender)
    templates = apps.templates()
    assert variables(templates["Functions"], "Sender") == {}
    (role,) = [role for role in policies(templates["Apis"]) if "Sender" in role]
    assert methods(policies(templates["Apis"])[role]) == {"POST", "DELETE"}
    assert methods(policies(templates["Apis"])[role], stage="beta") == set()


@pytest.mark.parametrize("grant", ["grant_management_api_access", "grant_inspect", "grant_connect"])
def test_every_grant_works_across_such_stacks(apps: Apps, grant: str) -> None:
    functions, apis = apps.stack("Functions"), apps.stack("Apis")
    router = function(functions, "Router")
    api = chat(apis, integrations=services().ChatIntegrations.all(WebSocketLambdaIntegration("Router", router)))
    getattr(api.default_stage, grant)(function(functions, "Other"))
    api.grant_manage_connections(function(functions, "Manager"))
    assert any("Other" in role for role in policies(apps.templates()["Apis"]))


def test_a_sender_in_another_stack_without_a_router_has_the_variable_and_the_policy_there(apps: Apps) -> None:
    apis, senders = apps.stack("Apis"), apps.stack("Senders")
    api = chat(apis)
    api.grant_sdk(function(senders, "Sender"))
    templates = apps.templates()
    assert variables(templates["Senders"], "Sender")[ENVIRONMENT_VARIABLE].endswith("/prod")
    assert [role for role in policies(templates["Senders"]) if "Sender" in role] != []


def routed(functions: Stack, apis: Stack) -> Any:
    """Return an API whose router is in another stack."""
    router = WebSocketLambdaIntegration("Router", function(functions, "Router"))
    return chat(apis, integrations=services().ChatIntegrations.all(router))


def test_a_connection_table_beside_an_api_is_for_functions_of_other_stacks_than_the_router(apps: Apps) -> None:
    functions, apis = apps.stack("Functions"), apps.stack("Apis")
    routed(functions, apis)
    table = ConnectionTable(apis, "Connections")
    worker = function(functions, "Worker")
    grantees: list[Any] = [worker, worker.role]
    for grantee in grantees:
        for grant in (table.grant_router, table.grant_sender):
            with pytest.raises(InfrastructureError, match=r"Functions/Worker\S* cannot use the table Apis/Connections"):
                grant(grantee)
    table.grant_sender(function(apis, "Step"))
    table.grant_sender(function(apps.stack("Steps"), "Step"))
    assert variables(apps.templates()["Steps"], "Step").keys() == {"PUSHWIRE_STORE"}


def test_a_connection_table_is_in_the_stack_of_its_functions_or_in_one_of_its_own(apps: Apps) -> None:
    functions, apis, tables = apps.stack("Functions"), apps.stack("Apis"), apps.stack("Tables")
    routed(functions, apis)
    ConnectionTable(functions, "Connections").grant_router(function(functions, "Beside"))
    ConnectionTable(tables, "Connections").grant_router(function(functions, "Apart"))
    template = apps.templates()["Functions"]
    assert variables(template, "Beside").keys() == variables(template, "Apart").keys() == {"PUSHWIRE_STORE"}


def start(apps: Apps, prefix: str, router: str, queue: str, worker: str, starter: str) -> None:
    """Let a function start jobs, with each part in a stack. The API is in the stack `Apis`."""
    stacks = {name: apps.stack(prefix + name) for name in sorted({"Apis", router, queue, worker, starter})}
    fanout = Fanout(
        stacks[queue],
        "Fanout",
        worker=function(stacks[worker], "Worker"),
        api=routed(stacks[router], stacks["Apis"]),
        max_workers=2,
        requests_per_second=10,
    )
    fanout.grant_start(function(stacks[starter], "Starter"))


def test_a_function_may_start_jobs_if_the_queues_stack_does_not_depend_on_its_own(apps: Apps) -> None:
    start(apps, "A", router="Apis", queue="Apis", worker="Workers", starter="Apis")
    start(apps, "B", router="Functions", queue="Functions", worker="Workers", starter="Functions")
    start(apps, "C", router="Functions", queue="Queues", worker="Workers", starter="Functions")
    start(apps, "D", router="Functions", queue="Workers", worker="Workers", starter="Starters")
    templates = apps.templates()
    for name in ("AApis", "BFunctions", "CFunctions", "DStarters"):
        assert variables(templates[name], "Starter").keys() == {"PUSHWIRE_FANOUT_QUEUE_URL"}


@pytest.mark.parametrize(
    ("router", "queue", "worker", "starter"),
    [
        ("Apis", "Workers", "Workers", "Apis"),
        ("Functions", "Apis", "Apis", "Functions"),
        ("Functions", "Apis", "Workers", "Functions"),
        ("Functions", "Workers", "Workers", "Functions"),
    ],
)
def test_it_may_not_if_the_two_stacks_would_depend_on_each_other(
    apps: Apps, router: str, queue: str, worker: str, starter: str
) -> None:
    with pytest.raises(InfrastructureError, match=f"{starter}/Starter cannot start jobs of {queue}/Fanout"):
        start(apps, "", router, queue, worker, starter)


def test_two_apis_have_senders_of_their_own(apps: Apps) -> None:
    stack = apps.stack("Both")
    for name in ("First", "Second"):
        all_ = services().ChatIntegrations.all(integration(stack, f"{name}Router"))
        services().ChatWebSocketApi(stack, name, integrations=all_)
    template = apps.templates()["Both"]
    for name, other in (("First", "Second"), ("Second", "First")):
        (documents,) = [each for role, each in policies(template).items() if role.startswith(f"{name}Router")]
        assert methods(documents, api=name) == {"POST"}
        assert methods(documents, api=other) == set()
        assert variables(template, f"{name}Router")[ENVIRONMENT_VARIABLE].startswith(f"https://{name}.execute-api")


def test_two_stages_of_an_api_both_work(apps: Apps) -> None:
    stack = apps.stack("Stages")
    api = chat(stack)
    beta = WebSocketStage(stack, "Beta", web_socket_api=api, options={"stage_name": "beta"})
    beta.grant_sdk(function(stack, "Step"))
    template = apps.templates()["Stages"]
    sources = sorted(resolved(each["SourceArn"]) for each in of_kind(template, "Lambda::Permission").values())
    assert [source.rpartition(":")[2] for source in sources] == ["Api/beta/*", "Api/prod/*"]
    (router,) = [each for role, each in policies(template).items() if role.startswith("Router")]
    assert methods(router, stage="prod") == methods(router, stage="beta") == {"POST"}
    assert methods(router, stage="gamma") == set()
    assert variables(template, "Router") == {}  # events have the URL of the stage
    (step,) = [each for role, each in policies(template).items() if role.startswith("Step")]
    assert (methods(step, stage="beta"), methods(step, stage="prod")) == ({"POST"}, set())
    assert variables(template, "Step")[ENVIRONMENT_VARIABLE].endswith("/beta")


def test_a_stage_of_cdks_own_class_fails_synthesis_because_it_could_not_invoke_functions(apps: Apps) -> None:
    stack = apps.stack("Stages")
    CdkWebSocketStage(stack, "Beta", web_socket_api=chat(stack), stage_name="beta")
    with pytest.raises(RuntimeError, match=r"Stages/Beta must be a pushwire\.cdk\.WebSocketStage, not CDK's own"):
        apps.app.synth()


def test_stages_of_cdks_own_class_suit_apis_without_functions_and_other_apis(apps: Apps) -> None:
    stack = apps.stack("Stages")
    chat(apps.stack("Apis"))
    mocked = chat(stack, integrations=services().ChatIntegrations.mock())
    CdkWebSocketStage(stack, "Beta", web_socket_api=mocked, stage_name="beta")
    CdkWebSocketStage(stack, "Own", web_socket_api=CdkWebSocketApi(stack, "Other"), stage_name="prod")
    apps.app.synth()


def test_two_stages_without_the_apis_own_host_are_warned_about(apps: Apps) -> None:
    stack = apps.stack("Stages")
    mapping = DomainMappingOptions(domain_name=domain(stack))
    api = chat(stack, domain_mapping=mapping, disable_execute_api_endpoint=True)
    WebSocketStage(stack, "Beta", web_socket_api=api, options={"stage_name": "beta"})
    said = Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("Functions of an API with several"))
    assert len(said) == 1


def test_one_function_cannot_have_the_urls_of_two_stages(apps: Apps) -> None:
    stack = apps.stack("Stages")
    api = chat(stack)
    beta = WebSocketStage(stack, "Beta", web_socket_api=api, options={"stage_name": "beta"})
    step = function(stack, "Step")
    api.grant_sdk(step)
    with pytest.raises(InfrastructureError, match="has the PUSHWIRE_CALLBACK_URL of another API or stage"):
        beta.grant_sdk(step)


def test_a_stage_of_another_app_is_imported(apps: Apps) -> None:
    stack = apps.stack("Sender")
    stage = ImportedStage(stack, "Chat", api_id="a1b2c3d4e5")
    stage.grant_sdk(function(stack, "Step"))
    stage.grant_disconnect(function(stack, "Kicker"))
    own = ImportedStage(stack, "Own", api_id="a1b2c3d4e5", callback_url="https://ws.example.com/chat")
    template = apps.templates()["Sender"]
    url = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod"
    assert variables(template, "Step") == {ENVIRONMENT_VARIABLE: url}
    assert (stage.stage_name, own.callback_url) == ("prod", "https://ws.example.com/chat")
    allowed = {role.partition("Service")[0]: methods(each, "a1b2c3d4e5") for role, each in policies(template).items()}
    assert allowed == {"Step": {"POST"}, "Kicker": {"DELETE"}}
