"""The stage of an API, with its URLs and grants."""

from collections.abc import Collection

from aws_cdk import Stack
from aws_cdk.aws_apigatewayv2 import IWebSocketApi
from aws_cdk.aws_apigatewayv2 import WebSocketStage as CdkWebSocketStage
from constructs import Construct

from pushwire.cdk import _logs
from pushwire.cdk._grants import StageGrants
from pushwire.cdk.errors import InfrastructureError
from pushwire.cdk.options import WebSocketStageOptions

__all__ = ["HasStages", "ImportedStage", "WebSocketStage"]


class HasStages:
    """Base of the API's construct, for its stages."""

    def upstream_stacks(self) -> Collection[str]:
        """Return the addresses of the stacks whose functions the API has."""
        raise NotImplementedError

    def serve(self, stage: "WebSocketStage") -> None:
        """Let API Gateway invoke the API's functions for another stage, and let them send to its connections.

        Args:
            stage: The stage.
        """
        raise NotImplementedError


class WebSocketStage(StageGrants, CdkWebSocketStage):
    """A CDK `WebSocketStage` with URLs that respect a custom domain, and with a grant for each permission.

    Changes of the API are deployed automatically. For a second stage of an API, construct another one: the API's
    functions may then be invoked from both, and may send to both. They take the callback URL from events.

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
        self._web_socket_api = web_socket_api
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
        if isinstance(web_socket_api, HasStages):
            web_socket_api.serve(self)

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

    def _url_for_posts(self) -> str:
        return self.callback_url

    def _resource_arn(self, resource: str) -> str:
        return _arn(self, self.api.api_id, self.stage_name, resource)

    def _upstream_stacks(self) -> Collection[str]:
        api: object = self._web_socket_api
        return api.upstream_stacks() if isinstance(api, HasStages) else ()

    def _mapped_domain(self) -> str:
        if self._domain is None:
            raise InfrastructureError("the stage has no custom domain; add a domain_mapping")
        return self._domain


class ImportedStage(StageGrants):
    """A stage that another app or stack has defined, for functions that only send.

    Args:
        scope: The parent construct.
        id: The id of this construct in its parent.
        api_id: The id of the API.
        stage_name: The name of the stage. Defaults to `prod`.
        callback_url: The URL that servers post to. Defaults to the one of the execute-api endpoint in this region; pass
            the URL of the custom domain if that endpoint is disabled.

    Attributes:
        stage_name: The name of the stage.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002  # CDK's name
        *,
        api_id: str,
        stage_name: str = "prod",
        callback_url: str | None = None,
    ) -> None:
        super().__init__(scope, id)
        stack = Stack.of(self)
        host = f"{api_id}.execute-api.{stack.region}.{stack.url_suffix}"
        self._api_id = api_id
        self.stage_name = stage_name
        self._callback_url = callback_url or f"https://{host}/{stage_name}"

    @property
    def callback_url(self) -> str:
        """The URL that servers post to."""
        return self._callback_url

    def _url_for_posts(self) -> str:
        return self.callback_url

    def _resource_arn(self, resource: str) -> str:
        return _arn(self, self._api_id, self.stage_name, resource)


def _arn(scope: Construct, api_id: str, stage_name: str, resource: str) -> str:
    return Stack.of(scope).format_arn(service="execute-api", resource=api_id, resource_name=f"{stage_name}/{resource}")
