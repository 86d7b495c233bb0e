"""Sends over `wss://` return when they are written, although asyncio's TLS layer has its own buffer."""

import asyncio
import ssl

import pytest
from websockets.frames import Opcode

from pushwire.client import ClientClosedError, ConnectFailedError, ConnectionLostError
from pushwire.frame import encode
from tests.aws_lambda.contract.desk_pushwire_operations import DeskOperations
from tests.client.world import Frames, deaf, desk_client, run, said, server, until
from tests.support.authority import Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.bundle))


def test_sends_over_tls_return_though_the_server_never_says_a_word(
    authority: Authority, trusting: ssl.SSLContext
) -> None:
    async def story() -> None:
        frames = Frames()
        async with server(frames, tls=authority.server()) as url:
            async with desk_client(url, ssl=trusting, close_timeout=1_000) as client:
                await asyncio.gather(*(client.say(said(str(number))) for number in range(6)))
                assert (client.status.sent, client.status.queued) == (6, 0)
            assert frames.text() == b"".join(encode(DeskOperations.say, said(str(number))) for number in range(6))

    run(story())


def test_large_messages_over_tls_arrive_whole_and_in_order(authority: Authority, trusting: ssl.SSLContext) -> None:
    async def story() -> None:
        frames = Frames()
        messages = [said(f"{index} {'x' * size}") for index, size in enumerate((10, 100_000, 10, 33_000, 10))]
        async with server(frames, tls=authority.server()) as url, desk_client(url, ssl=trusting) as client:
            await asyncio.gather(*(client.say(message) for message in messages))
            await until(lambda: len([frame for frame in frames.frames if frame.fin]) == len(messages))
        assert frames.text() == b"".join(encode(DeskOperations.say, message) for message in messages)
        assert [frame.opcode for frame in frames.frames[:2]] == [Opcode.TEXT, Opcode.TEXT]

    run(story())


def test_a_server_that_reads_nothing_over_tls_holds_sends_up_and_not_the_end(
    authority: Authority, trusting: ssl.SSLContext
) -> None:
    async def story() -> None:
        async with server(deaf, tls=authority.server()) as url:
            client = await desk_client(url, ssl=trusting, close_timeout=0.1)
            sends = [asyncio.ensure_future(client.say(said("x" * 100_000))) for _ in range(200)]
            await until(lambda: client.status.sent)
            for _ in range(1_000):
                await asyncio.sleep(0)
            assert 0 < client.status.sent < 200
            await client.close()
            outcomes = await asyncio.gather(*sends, return_exceptions=True)
            failed = [outcome for outcome in outcomes if outcome is not None]
            assert len(failed) == 200 - client.status.sent
            assert {type(error) for error in failed} <= {ClientClosedError, ConnectionLostError}

    run(story())


def test_a_certificate_that_is_not_trusted_is_reported(authority: Authority) -> None:
    async def story() -> None:
        async with server(Frames(), tls=authority.server()) as url:
            with pytest.raises(ConnectFailedError, match="certificate is not trusted"):
                await desk_client(url)

    run(story())
