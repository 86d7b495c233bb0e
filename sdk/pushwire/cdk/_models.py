"""Route models: API Gateway refuses what does not fit the contract before it reaches a function.

The JSON Schema of an operation's frames is the model of its route ("Request validation for WebSocket APIs in API
Gateway", developer guide). CDK is written in JavaScript, whose numbers round the bounds of 64 bits outwards.
"""

import json
from collections.abc import Mapping
from typing import Final, cast

from aws_cdk import Annotations, Names
from aws_cdk.aws_apigatewayv2 import CfnModel, CfnRoute, WebSocketRoute
from aws_cdk.aws_apigatewayv2 import WebSocketApi as CdkWebSocketApi

from pushwire.operation import AnyOperation
from pushwire.schema import frame_schema

__all__ = ["attach"]

_MAX_MODELS: Final = 150
"""How many there are at most: a stack has 500 resources, and with a model each operation takes two of them or more."""

_MAX_BYTES: Final = 400_000
"""What they may take of a template, which may have a million. One model may have as much, by API Gateway's quota."""

_KEY: Final = "model"


def attach(api: CdkWebSocketApi, routes: Mapping[AnyOperation, WebSocketRoute]) -> None:
    """Give each operation's route its model. Where they would be too many there are none, and a warning says so.

    Args:
        api: The API.
        routes: The routes of its operations.
    """
    schemas = {operation: frame_schema(operation) for operation in routes}
    size = sum(len(json.dumps(schema, indent=1)) for schema in schemas.values())
    if len(routes) > _MAX_MODELS or size > _MAX_BYTES:
        Annotations.of(api).add_warning_v2(
            "pushwire:no-route-models",
            f"There are no route models, and handlers alone check messages: {len(routes)} models of {size:,} bytes are "
            f"more than a stack has room for, {_MAX_MODELS} of {_MAX_BYTES:,}. disable_route_models agrees to that.",
        )
        return
    for operation, route in routes.items():
        model = CfnModel(
            route,
            "Model",
            api_id=api.api_id,
            name=Names.unique_resource_name(route, max_length=128),
            description=f"The JSON frames of {operation}.",
            content_type="application/json",
            schema=schemas[operation],
        )
        cfn_route = cast("CfnRoute", route.node.default_child)
        cfn_route.model_selection_expression = _KEY
        cfn_route.request_models = {_KEY: model.name}
        cfn_route.node.add_dependency(model)
