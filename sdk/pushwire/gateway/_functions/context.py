"""What a handler receives from Lambda beside the event: the context object, and the environment variables."""

import os
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from pushwire.gateway.clock import TimeOfDay

__all__ = ["LambdaContext", "LambdaIdentity", "function_name", "lambda_environment"]

_VERSION = "$LATEST"
_MEMORY_IN_MB = "128"
_LOG_STREAM = "local/[$LATEST]00000000000000000000000000000000"


@dataclass(frozen=True, slots=True)
class LambdaIdentity:
    """The Cognito identity of the caller, which is empty for calls by API Gateway."""

    cognito_identity_id: None = None
    cognito_identity_pool_id: None = None


@dataclass(frozen=True)
class LambdaContext:
    """The context of an invocation, with the attributes that Powertools reads.

    Attributes:
        function_name: The function's name.
        invoked_function_arn: The function's ARN.
        deadline: When API Gateway stops waiting for the handler, in seconds since the epoch.
        clock: The time of day.
        aws_request_id: The id of the invocation.
        function_version: The version of the function.
        memory_limit_in_mb: The memory of the function; a string, as Lambda's Python runtime gives it.
        log_group_name: The log group.
        log_stream_name: The log stream.
        identity: The Cognito identity.
        client_context: The context of a mobile client; always `None`.
    """

    function_name: str
    invoked_function_arn: str
    deadline: float = field(repr=False)
    clock: TimeOfDay = field(repr=False)
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_version: str = _VERSION
    memory_limit_in_mb: str = _MEMORY_IN_MB
    log_group_name: str = field(init=False)
    log_stream_name: str = _LOG_STREAM
    identity: LambdaIdentity = field(default_factory=LambdaIdentity)
    client_context: None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "log_group_name", f"/aws/lambda/{self.function_name}")

    def get_remaining_time_in_millis(self) -> int:
        """Return the remaining time until API Gateway stops waiting, in milliseconds; at least 0."""
        return max(0, int((self.deadline - self.clock()) * 1000))


def function_name(handler: object) -> str:
    """Return the name of a handler's Lambda function.

    Args:
        handler: The handler.
    """
    name: str = getattr(handler, "__name__", type(handler).__name__)
    return name.strip("<>")


def lambda_environment(function: str, handler: str, *, region: str) -> Mapping[str, str]:
    """Return the variables that Lambda sets ("Working with Lambda environment variables"), and that are not set here.

    `LAMBDA_TASK_ROOT` and `AWS_LAMBDA_RUNTIME_API` are missing: with them, X-Ray expects its daemon.

    Args:
        function: The name of the function.
        handler: The name of the handler, as Lambda has it, such as `app.handler`.
        region: The region, unless `AWS_REGION` or `AWS_DEFAULT_REGION` is set.
    """
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or region
    variables = {
        "_HANDLER": handler,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "AWS_LAMBDA_FUNCTION_NAME": function,
        "AWS_LAMBDA_FUNCTION_VERSION": _VERSION,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": _MEMORY_IN_MB,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function}",
        "AWS_LAMBDA_LOG_STREAM_NAME": _LOG_STREAM,
    }
    return {name: value for name, value in variables.items() if not os.environ.get(name)}
