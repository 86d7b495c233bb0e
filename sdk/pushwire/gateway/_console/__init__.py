"""The console of the local gateway: a page that shows traffic, sends messages of the contract, and injects faults.

The page is at `/`, and everything else is below `/$console/`, a name that no stage can have. This package is sans-I/O;
the gateway's HTTP protocol serves it.
"""

from pushwire.gateway._console.feed import EventStream
from pushwire.gateway._console.site import Console, ConsoleResponse

__all__ = ["Console", "ConsoleResponse", "EventStream"]
