"""The page about requests and replies: its contract, handlers and client together, and a repeated request."""

import sys
import textwrap
from pathlib import Path

import pytest
from tests.docs.snippets import run, snippet, write_contract


@pytest.fixture
def shop(workspace: Path) -> Path:
    """The contract of the page, with its handlers, its client and its recipe."""
    write_contract(workspace, "shop/v1/shop.proto", snippet("docs/replies.md", "proto", "ShopService"))
    run("buf", "lint", folder=workspace)
    run("buf", "generate", folder=workspace)
    for name, containing in {
        "app": "class Shop(",
        "ordering": "async def order(",
        "once": "idempotent_function(",
    }.items():
        (workspace / f"{name}.py").write_text(snippet("docs/replies.md", "python", containing))
    return workspace


def test_it_type_checks(shop: Path) -> None:
    run("mypy", "--strict", "--explicit-package-bases", "app.py", "ordering.py", "shop", folder=shop)


def test_its_client_gets_the_replies_of_its_handlers(shop: Path) -> None:
    (shop / "run.py").write_text(
        textwrap.dedent("""
        import asyncio
        import app, ordering
        from pushwire.testing import local_gateway

        with local_gateway(app.handler) as gateway:
            print(asyncio.run(ordering.order(gateway.url, "tea", 2)))
            print(asyncio.run(ordering.order(gateway.url, "tea", 0)))
        """)
    )
    printed = run(sys.executable, "run.py", folder=shop, AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x")
    assert printed.splitlines() == ["tea-1", "count must be at least 1"]


def test_a_repeated_request_gets_the_stored_reply(shop: Path) -> None:
    (shop / "test_once.py").write_text(
        textwrap.dedent("""
        import boto3, moto, pytest
        from pushwire import OperationError
        from pushwire.testing import local_gateway
        from shop.v1.shop_pb2 import PlaceOrderRequest, PlaceOrderResponse
        from shop.v1.shop_pushwire import ShopRouter, ShopServerSdk
        from shop.v1.shop_pushwire_operations import ShopOperations
        from pushwire.frame import encode
        from pushwire.testing import RecordingTransport, text_event

        def test_once(capsys):
            with moto.mock_aws():
                boto3.client("dynamodb").create_table(
                    TableName="orders-by-request",
                    BillingMode="PAY_PER_REQUEST",
                    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                )
                import once

                transport = RecordingTransport()
                router = ShopRouter(sdk=lambda _url: ShopServerSdk(transport=transport))
                router.place_order(once.place_order)
                for request_id in ("7", "7", "8"):
                    order = PlaceOrderRequest(article="tea", count=1)
                    router(text_event(encode(ShopOperations.place_order, order, id=request_id).decode()), None)
                replies = [sent.message for sent in transport.sent]
                assert replies == [PlaceOrderResponse(order_id="tea-1")] * 3
                assert capsys.readouterr().out.splitlines() == ["placing /7", "placing /8"]
        """)
    )
    settings = {"AWS_DEFAULT_REGION": "us-east-1", "POWERTOOLS_TRACE_DISABLED": "1"}
    printed = run(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_once.py", folder=shop, **settings)
    assert "1 passed" in printed
