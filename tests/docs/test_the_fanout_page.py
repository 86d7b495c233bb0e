"""The page about broadcasts beyond one process: its Python, and its addition to the SAM template."""

import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse
from tests.docs.snippets import run, snippet
from tests.docs.test_the_deploy_page import SAM, NoManagedPolicies

pytestmark = pytest.mark.repository

PAGE = "docs/fanout.md"
WHOLE = SAM.replace("\nOutputs:\n", f"\n{snippet(PAGE, 'yaml', 'FanoutQueue:')}\nOutputs:\n")


def test_the_coordinator_and_the_worker_type_check_and_deliver(chat: Path) -> None:
    (chat / "coordinator.py").write_text(snippet(PAGE, "python", "def greet_everyone"))
    (chat / "worker.py").write_text(snippet(PAGE, "python", "handler = FanoutWorker("))
    (chat / "run.py").write_text(
        textwrap.dedent("""
        import os
        from typing import Any

        import boto3
        import moto
        from pushwire.store import DynamoDBStore
        from pushwire.testing import RecordingTransport, local_gateway

        with moto.mock_aws(), local_gateway(lambda event, context: {"statusCode": 200}) as gateway:
            sqs = boto3.client("sqs")
            url = sqs.create_queue(QueueName="jobs", Attributes={"VisibilityTimeout": "180"})["QueueUrl"]
            settings = {"QUEUE_URL": url, "TABLE": "jobs"}
            os.environ |= {f"PUSHWIRE_FANOUT_{name}": value for name, value in settings.items()}
            os.environ["PUSHWIRE_STORE"] = "dynamodb:jobs"
            os.environ["PUSHWIRE_CALLBACK_URL"] = gateway.callback_url
            store = DynamoDBStore("jobs")
            store.create_table()
            client = gateway.connect()
            store.connect(client.connection_id, topics=["everyone"])
            import coordinator
            import worker

            class Context:
                def get_remaining_time_in_millis(self) -> int:
                    return 30_000

            job = coordinator.greet_everyone()
            (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
            record = {"body": message["Body"], "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:r:1:jobs"}
            worker.handler({"Records": [record]}, Context())
            print(client.receive_text(), coordinator.progress(job))
            worker.transport.close()
        """)
    )
    run("mypy", "--strict", "--explicit-package-bases", "coordinator.py", "worker.py", "chat", folder=chat)
    keys = {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    printed = run(sys.executable, "run.py", folder=chat, **keys)
    assert '{"route":"SendGreeting","payload":{"greeting":"Hello!"}}' in printed
    assert "recipients=1, accepted=1" in printed
    assert "done=True" in printed


def test_the_recipe_for_celery_delivers(chat: Path) -> None:
    (chat / "celery.py").write_text(
        textwrap.dedent("""
        from collections.abc import Callable
        from typing import Any

        class Task:
            def __init__(self, function: Callable[[str], None]) -> None:
                self.delay = function

            def apply_async(self, arguments: list[str], countdown: int) -> None:
                self.delay(*arguments)

        def shared_task(**options: Any) -> Callable[[Callable[[str], None]], Task]:
            return Task
        """)
    )
    (chat / "tasks.py").write_text(snippet(PAGE, "python", "class CeleryFanout"))
    (chat / "run.py").write_text(
        textwrap.dedent("""
        import tasks
        from chat.v1.chat_pb2 import Greeting
        from chat.v1.chat_pushwire import ChatServerSdk
        from pushwire.testing import RecordingTransport

        transport = RecordingTransport()
        tasks.sdk = ChatServerSdk(transport=transport)
        job = tasks.sdk.to(map(str, range(2_500)), via=tasks.CeleryFanout()).send_greeting(Greeting(greeting="Hi"))
        print(job.shards, len(transport.sent))
        """)
    )
    run("mypy", "--strict", "--explicit-package-bases", "tasks.py", "run.py", "chat", folder=chat)
    url = "http://127.0.0.1:3001/local"
    assert run(sys.executable, "run.py", folder=chat, PUSHWIRE_CALLBACK_URL=url).split() == ["3", "2500"]


def test_sam_accepts_the_resources_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "FanoutQueue" in WHOLE
    assert [str(match) for match in lint(WHOLE)] == []
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    packaged = WHOLE.replace("CodeUri: .", "CodeUri: s3://bucket/app.zip")
    made: Any = transform(yaml_parse(packaged), {"AWS::Region": "us-east-1"}, NoManagedPolicies())
    resources = made["Resources"]
    worker = resources["Worker"]["Properties"]
    assert (worker["RecursiveLoop"], worker["Timeout"]) == ("Allow", 30)
    (source,) = [each for each in resources.values() if each["Type"] == "AWS::Lambda::EventSourceMapping"]
    assert source["Properties"]["BatchSize"] == 1
    assert source["Properties"]["ScalingConfig"] == {"MaximumConcurrency": 4}
    assert resources["FanoutQueue"]["Properties"]["VisibilityTimeout"] == 180
