"""Reloads handlers when their code changes, while connections stay open."""

import asyncio
import importlib
import logging
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, TypeVar

from pushwire.errors import PushwireError
from pushwire.gateway._functions.handlers import Handler
from pushwire.gateway._functions.loading import HandlerLoadError
from pushwire.gateway._server.server import LocalGateway

__all__ = ["LoadedHandlers", "Reloader"]

logger = logging.getLogger("pushwire.gateway")

_MILLISECONDS = 500

T = TypeVar("T")


class LoadedHandlers(NamedTuple):
    """The handlers of an API.

    Attributes:
        handler: The handler of all routes that are not in `routes`, or `None`.
        routes: Handlers by route key.
    """

    handler: Handler | None
    routes: Mapping[str, Handler]


class Reloader:
    """Loads handlers, and reloads them with the modules that they have imported from a folder.

    Generated message modules (`…_pb2`) are not reloaded: a process cannot have two definitions of one message.

    Args:
        load: Imports the handlers.
        folder: The folder to watch.
    """

    def __init__(self, load: Callable[[], LoadedHandlers], folder: Path) -> None:
        self._load = load
        self._folder = folder.resolve()
        self._foreign = set(sys.modules)
        self._messages: dict[Path, bytes] = {}

    def load(self) -> LoadedHandlers:
        """Import the handlers.

        Raises:
            HandlerLoadError: A handler cannot be found or used.
        """
        loaded = self._load()
        self._messages |= {path: path.read_bytes() for name, path in self._own() if name.endswith("_pb2")}
        return loaded

    async def follow(self, gateway: LocalGateway) -> None:
        """Watch the folder, and replace a gateway's handlers after each change, if they can be imported.

        Raises:
            ImportError: The extra `dev` is not installed.
        """
        try:
            import watchfiles
        except ImportError as error:
            raise ImportError("reloading needs watchfiles: pip install 'pushwire[dev]'", name=error.name) from error
        watching = False
        # watchfiles yields the first time-out after it has started to watch.
        async for changes in watchfiles.awatch(
            self._folder, watch_filter=watchfiles.PythonFilter(), rust_timeout=_MILLISECONDS, yield_on_timeout=True
        ):
            if not watching:
                logger.info("watching %s for changes", self._folder)
                watching = True
            if changes:
                await self._reload(gateway)

    async def _reload(self, gateway: LocalGateway) -> None:
        changed = next((path for path, content in self._messages.items() if _content(path) != content), None)
        if changed is not None:
            logger.warning("%s has changed: generated messages need a restart of pushwire dev", changed.name)
            return
        logger.info("reloading the handlers")
        try:
            self._forget()
            loaded = await _in_daemon(self.load)
            gateway.use_handlers(loaded.handler, routes=loaded.routes)
        except HandlerLoadError as error:
            logger.error("not reloaded: %s\n%s", error, error.user_traceback)  # noqa: TRY400 - the user's own traceback
        except PushwireError as error:
            logger.error("not reloaded: %s", error)  # noqa: TRY400 - an error of the user
        else:
            logger.info("reloaded; connections stay open")

    def _forget(self) -> None:
        importlib.invalidate_caches()
        for name, _path in tuple(self._own()):
            if not name.endswith("_pb2"):
                del sys.modules[name]

    def _own(self) -> Iterator[tuple[str, Path]]:
        """Yield the folder's modules that handlers have imported, except those installed in an environment below it."""
        for name, module in tuple(sys.modules.items()):
            path = _path(module)
            if name in self._foreign or name.partition(".")[0] == "pushwire" or path is None:
                continue
            if path.is_relative_to(self._folder) and not path.is_relative_to(Path(sys.prefix)):
                yield name, path


async def _in_daemon(function: Callable[[], T]) -> T:
    """Call a function in a thread that the end of the process does not wait for.

    Why: `asyncio.to_thread` uses threads that Python joins at its end, and the import of a module may never end.
    """
    result: Future[T] = Future()

    def call() -> None:
        result.set_running_or_notify_cancel()  # from here on it cannot be cancelled, and the thread can set it
        try:
            result.set_result(function())
        except BaseException as error:  # noqa: BLE001 - raised by the await
            result.set_exception(error)

    threading.Thread(target=call, name="pushwire-reload", daemon=True).start()
    try:
        return await asyncio.wrap_future(result)
    except asyncio.CancelledError:
        logger.warning("a reload is under way: the import of a module has not ended; it is abandoned")
        raise


def _path(module: ModuleType) -> Path | None:
    file: object = getattr(module, "__file__", None)
    return Path(file).resolve() if isinstance(file, str) else None


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
