"""The logger for websockets: it would write whole handshakes at DEBUG, tokens and signatures included."""

import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    _Adapter = logging.LoggerAdapter[logging.Logger]
else:
    _Adapter = logging.LoggerAdapter

__all__ = ["QUIET"]


class _Quiet(_Adapter):
    """The logger `pushwire.client`, but never for DEBUG."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - the name in logging
        return level > logging.DEBUG and super().isEnabledFor(level)


QUIET: Final = _Quiet(logging.getLogger("pushwire.client"), {})
