"""The stage: its URLs, and who may call its management API."""

from aws_cdk import Stack
from aws_cdk.aws_apigatewayv2 import IWebSocketApi
from aws_cdk.aws_apigatewayv2 import WebSocketStage as CdkWebSocketStage
from aws_cdk.aws_iam import Grant, IGrantable, IRole, Policy, PolicyStatement
from constructs import Construct

from pushwire.cdk import _logs
from pushwire.cdk.errors import InfrastructureError
from pushwire.cdk.options import WebSocketStageOptions

__all__ = ["WebSocketStage"]

_INVOKE = "execute-api:Invoke"
_MANAGE = "execute-api:ManageConnections"
_SEND = "POST/@connections/*"


class WebSocketStage(CdkWebSocketStage):
    """CDK's stage, with URLs that are right for its custom domain, and a grant for each need.

    Every change of the API is deployed to it at once.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002  # CDK's name
        *,
        web_socket_api: IWebSocketApi,
        options: WebSocketStageOptions,
    ) -> None:
        mapping = options.get("domain_mapping")
        super().__init__(
            scope,
            id,
            web_socket_api=web_socket_api,
            stage_name=options.get("stage_name", "prod"),
            auto_deploy=True,
            stage_variables=options.get("stage_variables"),
            throttle=options.get("throttle"),
            detailed_metrics_enabled=options.get("detailed_metrics_enabled"),
            domain_mapping=mapping,
        )
        self._domain: str | None = None
        if mapping is not None:
            key = f"/{mapping.mapping_key}" if mapping.mapping_key else ""
            self._domain = f"{mapping.domain_name.domain_name_ref.domain_name}{key}"
        self.has_execute_api_endpoint = not options.get("disable_execute_api_endpoint")
        if self._domain is None and not self.has_execute_api_endpoint:
            raise InfrastructureError(
                "without a custom domain and with disable_execute_api_endpoint "
                "clients cannot connect; add a domain_mapping"
            )
        _logs.write(self, options)

    @property
    def url(self) -> str:
        """The URL that clients connect to; the custom domain's where the execute-api endpoint is disabled."""
        return super().url if self.has_execute_api_endpoint else self.domain_url

    @property
    def callback_url(self) -> str:
        """The URL that servers post to; the custom domain's where the execute-api endpoint is disabled.

        Otherwise it is the execute-api endpoint's, which reaches all clients, by whichever host they came.
        """
        return super().callback_url if self.has_execute_api_endpoint else self.domain_callback_url

    @property
    def domain_url(self) -> str:
        """The URL that clients connect to by the custom domain.

        Raises:
            InfrastructureError: There is no custom domain.
        """
        return f"wss://{self._mapped_domain()}"

    @property
    def domain_callback_url(self) -> str:
        """The URL that servers post to by the custom domain: with the mapping key, and without the stage.

        Raises:
            InfrastructureError: There is no custom domain.
        """
        return f"https://{self._mapped_domain()}"

    def grant_connect(self, grantee: IGrantable) -> Grant:
        """Let a client connect where the authorizer is IAM: it may invoke `$connect`."""
        return self._grant(grantee, _INVOKE, "$connect")

    def grant_send(self, grantee: IGrantable) -> Grant:
        """Let a server send messages to clients: it may POST to connections."""
        return self._grant(grantee, _MANAGE, _SEND)

    def grant_disconnect(self, grantee: IGrantable) -> Grant:
        """Let a server disconnect clients: it may DELETE connections."""
        return self._grant(grantee, _MANAGE, "DELETE/@connections/*")

    def grant_inspect(self, grantee: IGrantable) -> Grant:
        """Let a server ask who is connected, and since when: it may GET connections."""
        return self._grant(grantee, _MANAGE, "GET/@connections/*")

    def grant_send_from_this_stack(self, role: IRole) -> None:
        """Let a role of another stack send, through a policy in this stack.

        A policy in the role's stack would make the stacks depend on each other.
        """
        name = f"Send-{role.node.addr}"
        if self.node.try_find_child(name) is None:
            statement = PolicyStatement(actions=[_MANAGE], resources=[self._arn(_SEND)])
            Policy(self, name, statements=[statement], roles=[role])

    def _grant(self, grantee: IGrantable, action: str, resource: str) -> Grant:
        return Grant.add_to_principal(grantee=grantee, actions=[action], resource_arns=[self._arn(resource)])

    def _arn(self, resource: str) -> str:
        return Stack.of(self).format_arn(
            service="execute-api", resource=self.api.api_id, resource_name=f"{self.stage_name}/{resource}"
        )

    def _mapped_domain(self) -> str:
        if self._domain is None:
            raise InfrastructureError("the stage has no custom domain: add a domain_mapping")
        return self._domain
