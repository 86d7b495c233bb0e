"""Infrastructure from the contract, on aws-cdk-lib: the API of one or several services.

Generated modules (the target `cdk`) hold a `WebSocketApi` and its `Integrations` for each service; several services
behind one API are a plain `WebSocketApi`:

    router = WebSocketLambdaIntegration("Router", function)
    api = WebSocketApi(self, "Api", integrations=[ChatIntegrations.all(router), PresenceIntegrations.all(router)])

Everything else has CDK's own names: a `WebSocketApi` is one of `aws_cdk.aws_apigatewayv2`'s, as is its stage.
"""

try:
    import aws_cdk as _aws_cdk
except ImportError as error:
    raise ImportError(
        f"pushwire.cdk needs {error.name or 'aws_cdk'}: pip install 'pushwire[cdk]'", name=error.name
    ) from error

from pushwire.cdk.api import WebSocketApi
from pushwire.cdk.errors import InfrastructureError
from pushwire.cdk.integrations import Integrations
from pushwire.cdk.options import WebSocketApiOptions
from pushwire.cdk.stage import WebSocketStage

del _aws_cdk

__all__ = ["InfrastructureError", "Integrations", "WebSocketApi", "WebSocketApiOptions", "WebSocketStage"]
