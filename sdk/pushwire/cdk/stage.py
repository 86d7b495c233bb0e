"""The stage of an API, with its URLs and grants."""

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
    """A CDK `WebSocketStage` with URLs that respect a custom domain, and with a grant for each permission.

    Changes of the API are deployed automatically.

    Args:
        scope: The parent construct.
        id: The id of this construct in its parent.
        web_socket_api: The API.
        options: The options of the stage.

    Raises:
        InfrastructureError: `disable_execute_api_endpoint` is set without `domain_mapping`.
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
                "clients could not connect: disable_execute_api_endpoint requires a custom domain; add a domain_mapping"
            )
        _logs.write(self, options)

    @property
    def url(self) -> str:
        """The URL that clients connect to: of the execute-api endpoint, or of the custom domain if that is disabled."""
        return super().url if self.has_execute_api_endpoint else self.domain_url

    @property
    def callback_url(self) -> str:
        """The URL that servers post to: of the execute-api endpoint, or of the custom domain if that is disabled.

        Posts to the execute-api endpoint reach all clients, including those of the custom domain.
        """
        return super().callback_url if self.has_execute_api_endpoint else self.domain_callback_url

    @property
    def domain_url(self) -> str:
        """The URL that clients connect to at the custom domain.

        Raises:
            InfrastructureError: There is no custom domain.
        """
        return f"wss://{self._mapped_domain()}"

    @property
    def domain_callback_url(self) -> str:
        """The URL that servers post to at the custom domain, with the mapping key and without the stage.

        Raises:
            InfrastructureError: There is no custom domain.
        """
        return f"https://{self._mapped_domain()}"

    def grant_connect(self, grantee: IGrantable) -> Grant:
        """Grant the permission to connect (to invoke `$connect`), for APIs with an IAM authorizer.

        Args:
            grantee: The function, role or other principal.

        Returns:
            The grant.
        """
        return self._grant(grantee, _INVOKE, "$connect")

    def grant_send(self, grantee: IGrantable) -> Grant:
        """Grant the permission to send messages to clients (`POST` on connections).

        Args:
            grantee: The function, role or other principal.

        Returns:
            The grant.
        """
        return self._grant(grantee, _MANAGE, _SEND)

    def grant_disconnect(self, grantee: IGrantable) -> Grant:
        """Grant the permission to disconnect clients (`DELETE` on connections).

        Args:
            grantee: The function, role or other principal.

        Returns:
            The grant.
        """
        return self._grant(grantee, _MANAGE, "DELETE/@connections/*")

    def grant_inspect(self, grantee: IGrantable) -> Grant:
        """Grant the permission to read the state of connections (`GET` on connections).

        Args:
            grantee: The function, role or other principal.

        Returns:
            The grant.
        """
        return self._grant(grantee, _MANAGE, "GET/@connections/*")

    def grant_send_from_this_stack(self, role: IRole) -> None:
        """Grant a role of another stack the permission to send, with a policy in this stack.

        Why not `grant_send`: it adds a policy to the role's stack, so that the two stacks would depend on each other.

        Args:
            role: The role. A second call for the same role changes nothing.
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
            raise InfrastructureError("the stage has no custom domain; add a domain_mapping")
        return self._domain
