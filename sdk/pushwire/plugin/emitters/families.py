"""The two families of classes that every service gets: sync ones, and the same for `async def`."""

from typing import NamedTuple

from pushwire.plugin.imports import Member
from pushwire.plugin.model import Service

__all__ = ["ASYNC", "FAMILIES", "SYNC", "Family"]


class Family(NamedTuple):
    """How the classes of a family are named and written.

    Attributes:
        prefix: What their names, and those of what they stand on, begin with.
        definition: What a method begins with.
        call: What a call of one begins with.
    """

    prefix: str
    definition: str
    call: str

    def class_name(self, service: Service, suffix: str) -> str:
        """The name of a service's class."""
        return f"{self.prefix}{service.class_prefix}{suffix}"

    def member(self, module: str, name: str) -> Member:
        """What the run time has for this family under a name."""
        return Member(module, f"{self.prefix}{name}")


SYNC = Family(prefix="", definition="def", call="")
ASYNC = Family(prefix="Async", definition="async def", call="await ")
FAMILIES = (SYNC, ASYNC)
