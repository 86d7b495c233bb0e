"""The construct of broadcasts beyond one process."""

from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.aws_lambda import Function
from hypothesis import given
from hypothesis import strategies as st

from pushwire.cdk import Fanout, InfrastructureError
from pushwire.cdk.fanout import DEFAULT_EXPIRES_IN, RATE_VARIABLE
from pushwire.fanout import worker
from pushwire.server import options
from tests.cdk.stacks import chat, function
from tests.cdk.test_policies import MANAGE, STAGE, permits, policy_of
from tests.cdk.world import World, environment

QUEUE, DEAD, TABLE = "arn:FanoutQueue", "arn:FanoutDeadLetters", "arn:ConnectionsTable"
SQS = ["SendMessage", "ReceiveMessage", "DeleteMessage", "GetQueueUrl", "GetQueueAttributes", "ChangeMessageVisibility"]
DYNAMODB = ["GetItem", "PutItem", "UpdateItem", "Query", "DeleteItem", "Scan", "BatchWriteItem"]


def queues(world: World, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the queue and its dead-letter queue."""
    found = world.resources(name, "SQS::Queue")
    (queue,) = [each for each in found if "RedrivePolicy" in each]
    (dead,) = [each for each in found if "RedrivePolicy" not in each]
    return queue, dead


@pytest.mark.parametrize(
    ("name", "timeout", "receives", "concurrency", "share"),
    [("Fanout", 30, 5, 4, "2000"), ("FanoutWithoutProgress", 60, 3, 2, "1250")],
)
def test_the_queue_and_the_worker_fit_each_other(
    world: World, name: str, timeout: int, receives: int, concurrency: int, share: str
) -> None:
    queue, dead = queues(world, name)
    assert queue["VisibilityTimeout"] == 6 * timeout
    assert queue["RedrivePolicy"]["maxReceiveCount"] == receives
    assert dead["MessageRetentionPeriod"] == 14 * 86_400
    assert "FifoQueue" not in queue
    (source,) = world.resources(name, "Lambda::EventSourceMapping")
    assert (source["BatchSize"], source["ScalingConfig"]) == (1, {"MaximumConcurrency": concurrency})
    (made,) = [each for each in world.resources(name, "Lambda::Function") if each.get("RecursiveLoop") == "Allow"]
    assert made["Timeout"] == timeout
    assert environment(world, name, "Worker")["PUSHWIRE_FANOUT_RATE"] == share


def test_functions_know_the_queue_the_table_and_the_api(world: World) -> None:
    assert environment(world, "Fanout", "Worker").keys() == {
        "PUSHWIRE_CALLBACK_URL",
        "PUSHWIRE_FANOUT_RATE",
        "PUSHWIRE_FANOUT_TABLE",
    }
    assert environment(world, "Fanout", "Starter") == {
        "PUSHWIRE_FANOUT_QUEUE_URL": "FanoutQueue",
        "PUSHWIRE_FANOUT_TABLE": "ConnectionsTable",
    }
    assert environment(world, "FanoutWithoutProgress", "Starter").keys() == {"PUSHWIRE_FANOUT_QUEUE_URL"}
    assert worker._RATE_VARIABLE == RATE_VARIABLE


def test_there_are_alarms_on_age_and_dead_letters(world: World) -> None:
    alarms = {each["MetricName"]: each for each in world.resources("FanoutWithoutProgress", "CloudWatch::Alarm")}
    assert {name: alarm["Threshold"] for name, alarm in alarms.items()} == {
        "ApproximateAgeOfOldestMessage": 120,
        "ApproximateNumberOfMessagesVisible": 0,
    }
    ages = [each["Threshold"] for each in world.resources("Fanout", "CloudWatch::Alarm")]
    assert 600 in ages


def allowed(document: dict[str, Any], service: str, actions: list[str], resource: str) -> set[str]:
    return {action for action in actions if permits(document, f"{service}:{action}", resource)}


def test_a_worker_may_do_what_it_does_and_nothing_else(world: World) -> None:
    document = policy_of(world, "Fanout", "Worker")
    assert allowed(document, "sqs", SQS, QUEUE) == set(SQS)
    assert allowed(document, "sqs", SQS, DEAD) == set()
    assert allowed(document, "dynamodb", DYNAMODB, TABLE) == {"GetItem", "UpdateItem"}
    assert permits(document, MANAGE, f"{STAGE}/POST/@connections/R0oXAdfD0kwCH6w=")
    assert not permits(document, MANAGE, f"{STAGE}/DELETE/@connections/R0oXAdfD0kwCH6w=")


def test_a_function_that_starts_jobs_may_do_what_it_does_and_nothing_else(world: World) -> None:
    document = policy_of(world, "Fanout", "Starter")
    assert allowed(document, "sqs", SQS, QUEUE) == {"SendMessage", "GetQueueAttributes"}
    assert allowed(document, "sqs", SQS, DEAD) == set()
    assert allowed(document, "dynamodb", DYNAMODB, TABLE) == {"PutItem", "Query"}
    without = policy_of(world, "FanoutWithoutProgress", "Starter")
    assert allowed(without, "dynamodb", DYNAMODB, TABLE) == set()


@pytest.mark.parametrize("name", ["Worker", "Starter"])
def test_functions_may_use_the_key_of_an_encrypted_table(world: World, name: str) -> None:
    document = policy_of(world, "SlowFanout", name)
    assert allowed(document, "kms", ["Encrypt", "Decrypt", "CreateGrant"], "arn:Key") == {"Encrypt", "Decrypt"}
    assert allowed(document, "kms", ["Encrypt", "Decrypt"], "arn:Other") == set()


def test_a_visibility_timeout_that_jobs_do_not_exceed_by_default_is_a_warning(world: World) -> None:
    (said,) = [each for each in world.annotations("SlowFanout") if "expires_in" in each]
    assert said.startswith("warning: The queue has a visibility timeout of 900 seconds, 6 times the worker's time-out.")
    assert [each for each in world.annotations("Fanout") if "expires_in" in each] == []
    assert options._DEFAULT_EXPIRES_IN == DEFAULT_EXPIRES_IN


@given(resource=st.sampled_from(["arn:Other", "*", "arn:Tables", "arn:aws:sqs:us-east-1:123456789012:jobs"]))
def test_no_grant_reaches_another_resource(world: World, resource: str) -> None:
    for name in ("Worker", "Starter"):
        document = policy_of(world, "Fanout", name)
        assert allowed(document, "sqs", SQS, resource) == set()
        assert allowed(document, "dynamodb", DYNAMODB, resource) == set()


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"max_workers": 1}, "max_workers must be from 2 to 1,000, as SQS demands, not 1"),
        ({"requests_per_second": 0}, "requests_per_second must be above 0, not 0"),
        ({"worker": None}, "worker must be a Function that this app defines"),
    ],
)
def test_numbers_out_of_range_are_refused(options: dict[str, Any], text: str) -> None:
    stack = Stack(App(), "Stack")
    made = function(stack, "Worker")
    arn = "arn:aws:lambda:us-east-1:123456789012:function:worker"
    if "worker" in options:
        options = {"worker": Function.from_function_arn(stack, "Imported", arn)}
    settings: dict[str, Any] = {"worker": made, "api": chat(stack), "max_workers": 2, "requests_per_second": 10}
    with pytest.raises(InfrastructureError, match=text):
        Fanout(stack, "Fanout", **settings | options)
