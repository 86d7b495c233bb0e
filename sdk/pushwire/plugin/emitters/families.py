"""The two families of classes that every service has: sync classes and async classes."""

from typing import NamedTuple

from pushwire.plugin.imports import Member
from pushwire.plugin.model import Service

__all__ = ["ASYNC", "FAMILIES", "SYNC", "Family"]


class Family(NamedTuple):
    """One family of classes.

    Attributes:
        prefix: The prefix of the names of the generated classes and of their base classes.
        definition: The keywords that begin a method.
        call: The keyword, if any, that begins a call of a method.
    """

    prefix: str
    definition: str
    call: str

    def class_name(self, service: Service, suffix: str) -> str:
        """Return the name of a service's class."""
        return f"{self.prefix}{service.class_prefix}{suffix}"

    def member(self, module: str, name: str) -> Member:
        """Return the class of the run time for this family."""
        return Member(module, f"{self.prefix}{name}")


SYNC = Family(prefix="", definition="def", call="")
ASYNC = Family(prefix="Async", definition="async def", call="await ")
FAMILIES = (SYNC, ASYNC)
