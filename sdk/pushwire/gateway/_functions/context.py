"""The context object that a handler receives as its second argument, in the shape of Lambda's."""

import uuid
from dataclasses import dataclass, field

from pushwire.gateway.clock import TimeOfDay

__all__ = ["LambdaContext", "LambdaIdentity"]


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
    function_version: str = "$LATEST"
    memory_limit_in_mb: str = "128"
    log_group_name: str = field(init=False)
    log_stream_name: str = "local/[$LATEST]00000000000000000000000000000000"
    identity: LambdaIdentity = field(default_factory=LambdaIdentity)
    client_context: None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "log_group_name", f"/aws/lambda/{self.function_name}")

    def get_remaining_time_in_millis(self) -> int:
        """Return the remaining time until API Gateway stops waiting, in milliseconds; at least 0."""
        return max(0, int((self.deadline - self.clock()) * 1000))
