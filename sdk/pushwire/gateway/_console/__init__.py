"""The console of the local gateway: a page that shows what passes, sends by the contract, and injects faults.

It lies outside every stage: the page at `/`, everything else below `/$console/`, which no stage can be called. All of
it is sans-I/O; the gateway's HTTP protocol serves it.
"""

from pushwire.gateway._console.feed import EventStream
from pushwire.gateway._console.site import Console, ConsoleAnswer

__all__ = ["Console", "ConsoleAnswer", "EventStream"]
