"""`pushwire dev`: runs a handler behind a local gateway."""

import argparse
import asyncio
import contextlib
import errno
import io
import logging
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from pushwire.callback_url import ENVIRONMENT_VARIABLE as CALLBACK_URL_VARIABLE
from pushwire.cli import dev_access, dev_options
from pushwire.cli.arguments import Subparsers
from pushwire.cli.errors import CommandError
from pushwire.store.environment import ENVIRONMENT_VARIABLE as STORE_VARIABLE

if TYPE_CHECKING:
    from pushwire.gateway import LocalGateway
    from pushwire.gateway._server.reloading import Reloader

__all__ = ["add_parser", "run"]

_DESCRIPTION = """\
Run an API Gateway WebSocket API on this machine, and print its three URLs. Clients connect to the WebSocket URL.
Handlers, boto3 clients and Server SDKs post to the callback URL. The console is a web page that shows the traffic and
sends messages. No AWS account and no credentials are needed. PUSHWIRE_STORE names a new SQLite file for the connection
store, unless it is set; the file is removed at the end.
"""
_EPILOG = """\
examples:
  pushwire dev chat_app:handler
  pushwire dev chat_app:handler --port 0 --stage prod
  pushwire dev chat_app:handler --reload
  pushwire dev --route JoinRoom=chat_app:join --route '$default=chat_app:rest'
  pushwire dev chat_app:handler --authorizer chat_app:authorize --identity-source route.request.querystring.token
"""


_BLOCKED_PORTS = """
1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113 115 117 119 123 135 137
139 143 161 179 389 427 465 512 513 514 515 526 530 531 532 540 548 554 556 563 587 601 636 989 990 993 995 1719 1720
1723 2049 3659 4045 4190 5060 5061 6000 6566 6665 6666 6667 6668 6669 6679 6697 10080
"""
"""The ports that browsers block: the "bad ports" of the Fetch standard, section 2.9."""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command `dev`.

    Args:
        subparsers: The subparsers of `pushwire`.
    """
    parser = subparsers.add_parser(
        "dev",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    dev_options.add_arguments(parser)
    dev_access.add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command until SIGINT or SIGTERM.

    Args:
        args: The parsed command line.

    Returns:
        The exit code, 0.

    Raises:
        PushwireError: A handler cannot be loaded, an option is invalid, or the gateway cannot listen.
        ImportError: The extra `dev` is not installed.
    """
    with _interruptible(), _connection_store() as remove_store:
        try:
            return _run(args, remove_store)
        except KeyboardInterrupt:  # a signal before the gateway listened
            return 0


def _run(args: argparse.Namespace, remove_store: Callable[[], None]) -> int:
    set_up = partial(_set_up_process, args.verbose, args.reload)
    set_up()
    # Why: the command may be installed in any environment, and the modules of the project must be found first.
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - sys.path holds strings
    from pushwire.gateway import HandlerLoadError
    from pushwire.gateway._server.reloading import Reloader

    _set_lambda_variables(args)
    try:
        reloader = Reloader(partial(dev_options.load_handlers, args, set_up), Path.cwd())
        gateway = dev_options.gateway(args, reloader.load())
    except HandlerLoadError as error:
        sys.stderr.write(error.user_traceback)
        raise
    return asyncio.run(_serve(gateway, reloader if args.reload else None, remove_store))


async def _serve(gateway: "LocalGateway", reloader: "Reloader | None", remove_store: Callable[[], None]) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def request_stop(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, request_stop)
    try:
        await gateway.start()
    except OSError as error:
        where = f"{gateway.settings.host}:{gateway.settings.port}"
        if error.errno == errno.EADDRINUSE:
            reason = "is in use; stop the process that listens there, or choose another --port (0 takes a free one)"
            raise CommandError(f"{where} {reason}") from error
        raise CommandError(f"cannot listen on {where}: {error.strerror or error}") from error
    if gateway.settings.custom_domain is not None:
        # Why: events do not contain the callback URL of an API on a custom domain.
        os.environ.setdefault(CALLBACK_URL_VARIABLE, gateway.callback_url)
    _warn_of_override(gateway.callback_url)
    if str(gateway.port) in _BLOCKED_PORTS.split():
        sys.stderr.write(
            f"pushwire dev: warning: browsers do not connect to port {gateway.port}, so neither the console nor web "
            "pages work; choose another --port\n"
        )
    print(f"WebSocket URL: {gateway.url}")
    print(f"Callback URL: {gateway.callback_url}", flush=True)
    if gateway.console_url is not None:
        print(f"Console: {gateway.console_url}", flush=True)
    print(f"Connection store: {os.environ[STORE_VARIABLE]}", flush=True)
    await _until(stop, gateway, reloader)
    if not await gateway.stop():
        # Why not a normal exit: Python waits for all threads, and those of abandoned handlers may never end.
        for process in multiprocessing.active_children():
            process.kill()
        sys.stdout.flush()
        sys.stderr.flush()
        remove_store()
        os._exit(0)
    return 0


async def _until(stop: asyncio.Event, gateway: "LocalGateway", reloader: "Reloader | None") -> None:
    """Wait for the signal to stop, and reload handlers until then."""
    work: list[asyncio.Task[object]] = [asyncio.create_task(stop.wait())]
    if reloader is not None:
        work.append(asyncio.create_task(reloader.follow(gateway)))
    done, pending = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        task.result()


def _set_up_process(verbosity: int, reload: bool) -> None:
    """Set up this process, or a process of `--instances`, before handlers are imported."""
    stdout: object = sys.stdout
    if isinstance(stdout, io.TextIOWrapper):
        # Why: the output of handlers must appear at once, also in a pipe.
        stdout.reconfigure(line_buffering=True)
    _log_to_stderr(verbosity)
    if reload:
        # Why: bytecode has a timestamp in seconds, so that of a file that is edited twice in a second would be stale.
        sys.dont_write_bytecode = True


def _set_lambda_variables(args: argparse.Namespace) -> None:
    """Set the environment variables that Lambda sets, before handlers are imported."""
    from pushwire.gateway._functions.context import lambda_environment

    path: str = args.handler or next((route.partition("=")[2] for route in args.route), "")
    os.environ |= lambda_environment(path.rpartition(":")[2], path.replace(":", "."), region=dev_access.region())


def _warn_of_override(callback_url: str) -> None:
    override = os.environ.get(CALLBACK_URL_VARIABLE)
    if override is not None and override.rstrip("/") != callback_url:
        sys.stderr.write(
            "pushwire dev: warning: PUSHWIRE_CALLBACK_URL is set, so handlers post to that URL, not to this "
            "gateway; unset it\n"
        )


def _log_to_stderr(verbosity: int) -> None:
    """Log to stderr: Pushwire at INFO, at DEBUG from verbosity 1 on, and other libraries at INFO from verbosity 2 on.

    Why not all at DEBUG: botocore and websockets log session tokens and whole handshakes there.
    """
    logger = logging.getLogger("pushwire")
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logger.addHandler(handler)
        logger.propagate = False
        if verbosity > 1:
            logging.getLogger().addHandler(handler)
            logging.getLogger().setLevel(logging.INFO)
    logger.setLevel(logging.DEBUG if verbosity else logging.INFO)


@contextlib.contextmanager
def _connection_store() -> Generator[Callable[[], None]]:
    """Set `PUSHWIRE_STORE` to a new SQLite file in the block, unless it is set, and yield what removes the file."""
    if os.environ.get(STORE_VARIABLE):
        yield lambda: None
        return
    # Why errors are ignored: handlers may have the file open, which Windows does not delete.
    with tempfile.TemporaryDirectory(prefix="pushwire-", ignore_cleanup_errors=True) as folder:
        os.environ[STORE_VARIABLE] = f"sqlite:{Path(folder, 'connections.sqlite')}"
        try:
            yield partial(shutil.rmtree, folder, ignore_errors=True)
        finally:
            del os.environ[STORE_VARIABLE]


@contextlib.contextmanager
def _interruptible() -> Generator[None]:
    """Let SIGINT and SIGTERM raise `KeyboardInterrupt` in the block."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
