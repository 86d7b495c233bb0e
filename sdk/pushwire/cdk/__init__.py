"""AWS CDK constructs for the API of one or several services, on aws-cdk-lib.

Generated modules (the target `cdk`) have a subclass of `WebSocketApi` and one of `Integrations` for each service. For
several services behind one API, use `WebSocketApi` itself. It and its stage are subclasses of the constructs in
`aws_cdk.aws_apigatewayv2`, and options have CDK's names.

Example:
    ```python
    router = WebSocketLambdaIntegration("Router", function)
    api = WebSocketApi(self, "Api", integrations=[ChatIntegrations.all(router), PresenceIntegrations.all(router)])
    ```
"""

try:
    import aws_cdk as _aws_cdk
except ImportError as error:
    raise ImportError(
        f"pushwire.cdk needs {error.name or 'aws_cdk'}: pip install 'pushwire[cdk]'", name=error.name
    ) from error

from pushwire.cdk.api import WebSocketApi
from pushwire.cdk.connection_table import ConnectionTable
from pushwire.cdk.errors import InfrastructureError
from pushwire.cdk.fanout import Fanout
from pushwire.cdk.integrations import Integrations
from pushwire.cdk.options import WebSocketApiOptions, WebSocketStageOptions
from pushwire.cdk.stage import ImportedStage, WebSocketStage

del _aws_cdk

__all__ = [
    "ConnectionTable",
    "Fanout",
    "ImportedStage",
    "InfrastructureError",
    "Integrations",
    "WebSocketApi",
    "WebSocketApiOptions",
    "WebSocketStage",
    "WebSocketStageOptions",
]
