"""Route models: with them, API Gateway refuses messages that do not match the contract before it invokes a function.

The JSON Schema of an operation's frames is the model of its route ("Request validation for WebSocket APIs in API
Gateway", developer guide). CDK runs in JavaScript, so the bounds of 64-bit integers are rounded outwards.
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
"""The maximum number of models. A stack has at most 500 resources, and an operation with a model takes two or more."""

_MAX_BYTES: Final = 400_000
"""The maximum size of all models. A template has at most 1,000,000 bytes."""

_MAX_CHARACTERS: Final = 32_768
"""The maximum length of a model, as compact JSON (`Schema` of `CreateModel`, API Gateway V2 API reference)."""

_KEY: Final = "model"


def attach(api: CdkWebSocketApi, routes: Mapping[AnyOperation, WebSocketRoute]) -> None:
    """Add a model to the route of each one-way operation. If a stack has no room for all, add a warning and no model.

    A route whose model would be too long for API Gateway has none; a warning names these operations.

    Requests with a reply get no model, because API Gateway would refuse a wrong message without the request's `id`.

    Args:
        api: The API.
        routes: The routes of the operations.
    """
    schemas = {operation: frame_schema(operation) for operation in routes if operation.reply_type is None}
    size = sum(len(json.dumps(schema, indent=1)) for schema in schemas.values())
    if len(schemas) > _MAX_MODELS or size > _MAX_BYTES:
        Annotations.of(api).add_warning_v2(
            "pushwire:no-route-models",
            f"The API has no route models, so that only handlers check messages: {len(schemas)} models of {size:,} "
            f"bytes exceed the limits of a stack, {_MAX_MODELS} models of {_MAX_BYTES:,} bytes. Set "
            "disable_route_models to remove this warning.",
        )
        return
    lengths = {operation: len(json.dumps(schema, separators=(",", ":"))) for operation, schema in schemas.items()}
    long = {operation: length for operation, length in lengths.items() if length > _MAX_CHARACTERS}
    if long:
        named = ", ".join(f"{operation} ({length:,})" for operation, length in long.items())
        Annotations.of(api).add_warning_v2(
            "pushwire:long-route-models",
            f"The routes of these operations have no models, so that only handlers check their messages: {named}. API "
            f"Gateway allows {_MAX_CHARACTERS:,} characters for a model. Set disable_route_models to remove this "
            "warning.",
        )
    for operation, schema in schemas.items():
        if operation in long:
            continue
        route = routes[operation]
        model = CfnModel(
            route,
            "Model",
            api_id=api.api_id,
            name=Names.unique_resource_name(route, max_length=128),
            description=f"The JSON frames of {operation}.",
            content_type="application/json",
            schema=schema,
        )
        cfn_route = cast("CfnRoute", route.node.default_child)
        cfn_route.model_selection_expression = _KEY
        cfn_route.request_models = {_KEY: model.name}
        cfn_route.node.add_dependency(model)
