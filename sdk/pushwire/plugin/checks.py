"""Checks of contracts. Each check yields its errors, and no error stops other checks, so one run reports all errors."""

import re
import unicodedata
from collections.abc import Collection, Iterator

from pushwire._version import __version__
from pushwire.plugin import locations, names
from pushwire.plugin.diagnostics import Diagnostic
from pushwire.plugin.locations import LookupPaths, Path
from pushwire.plugin.model import EMPTY, Contract, Direction, Format, Model, Rpc, Service

__all__ = ["diagnostics"]

_ROUTE = re.compile(r"[A-Za-z0-9._/-]+")
_MAX_ROUTE = 128
_DIRECTIONS = "DIRECTION_CLIENT_TO_SERVER, DIRECTION_SERVER_TO_CLIENT or DIRECTION_BIDIRECTIONAL"
_FORMATS = "FORMAT_JSON or FORMAT_BINARY"


def diagnostics(model: Model, suffixes: Collection[str]) -> list[Diagnostic]:
    """Run all checks.

    Args:
        model: The contracts.
        suffixes: The suffixes of the names of generated modules.

    Returns:
        All errors, sorted by file and place.
    """
    found = list(_modules_meet(model, suffixes))
    for contract in model.contracts:
        found += _Checks(contract).all()
    return sorted(found, key=Diagnostic.sorts_as)


def _modules_meet(model: Model, suffixes: Collection[str]) -> Iterator[Diagnostic]:
    files_of_module: dict[str, list[str]] = {}
    file_in_package: dict[str, str] = {}
    for file in sorted(model.files):
        module = names.message_module(file)
        files_of_module.setdefault(module, []).append(file)
        while "." in module:
            module = module.rpartition(".")[0]
            file_in_package.setdefault(module, file)
    for contract in model.contracts:
        of_file = _Checks(contract).of_file
        module = names.message_module(contract.file)
        for other in files_of_module[module]:
            if other != contract.file:
                yield of_file(f"becomes the Python module {module}, as {other} does; rename one of the two")
        for generated in (names.module(contract.file, suffix) for suffix in suffixes):
            if generated in file_in_package:
                path = generated.replace(".", "/")
                yield of_file(
                    f"the folder {path}/ of {file_in_package[generated]} would hide the generated module {path}.py; "
                    "rename one of the two"
                )


class _Checks:
    """The checks of one contract."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract

    def all(self) -> Iterator[Diagnostic]:
        yield from self._module()
        yield from self._classes_meet()
        yield from self._event_classes_meet()
        for service in self._contract.services:
            yield from self._service(service)
            yield from self._routes_meet(service)
            yield from self._methods_meet(service)
            yield from self._client_methods_meet(service)
            for rpc in service.rpcs:
                yield from self._shape(service, rpc)
                yield from self._message(service, rpc)
                yield from self._direction(service, rpc)
                yield from self._format(service, rpc)
                yield from self._route(service, rpc)

    def _module(self) -> Iterator[Diagnostic]:
        obstacle = _import_obstacle(self._contract.file)
        if obstacle:
            yield self.of_file(f"{obstacle}; rename that part of its path")

    def _classes_meet(self) -> Iterator[Diagnostic]:
        owners: dict[str, Service] = {}
        for service in self._contract.services:
            derived = names.derived_class_names(service.name)
            shared = next((name for name in derived if name in owners), None)
            if shared is not None:
                first = owners[shared]
                line = self._line(first.path, locations.SERVICE_NAME)
                text = f"generates the Python class {shared}, as {first.name}{line} does; rename one of the two"
                yield self._of_service(service, locations.SERVICE_NAME, text)
            for name in derived:
                owners.setdefault(name, service)

    def _event_classes_meet(self) -> Iterator[Diagnostic]:
        owners: dict[str, tuple[Service, Rpc]] = {}
        unions = {f"{service.class_prefix}Event": service for service in self._contract.services}
        for service in self._contract.services:
            for rpc in service.outbound:
                union = unions.get(rpc.event_class)
                if union is not None:
                    line = self._line(union.path, locations.SERVICE_NAME)
                    text = (
                        f"generates the Python class {rpc.event_class}, as {union.name}{line} does; "
                        "rename one of the two"
                    )
                    yield self._of_rpc(service, rpc, locations.RPC_NAME, text)
                owner, first = owners.setdefault(rpc.event_class, (service, rpc))
                # Services with the same prefix already have an error.
                if first is not rpc and owner.class_prefix != service.class_prefix:
                    line = self._line(first.path, locations.RPC_NAME)
                    text = (
                        f"generates the Python class {rpc.event_class}, as {owner.name}.{first.name}{line} does; "
                        "rename one of the two"
                    )
                    yield self._of_rpc(service, rpc, locations.RPC_NAME, text)

    def _service(self, service: Service) -> Iterator[Diagnostic]:
        if service.name.startswith("_"):
            yield self._of_service(service, locations.SERVICE_NAME, _PRIVATE)
        if service.format is Format.UNKNOWN:
            yield self._of_service(service, locations.API_FORMAT, _unknown("format", _FORMATS))

    def _routes_meet(self, service: Service) -> Iterator[Diagnostic]:
        first_with: dict[str, Rpc] = {}
        for rpc in service.rpcs:
            first = first_with.setdefault(rpc.route, rpc)
            if first is not rpc:
                line = self._line(first.path, locations.ROUTE)
                text = (
                    f"its route {_elided(rpc.route)} is taken by {service.name}.{first.name}{line}; "
                    "set another `route`, unique in the service"
                )
                yield self._of_rpc(service, rpc, locations.ROUTE, text)

    def _methods_meet(self, service: Service) -> Iterator[Diagnostic]:
        first_with: dict[str, Rpc] = {}
        for rpc in service.rpcs:
            first = first_with.setdefault(rpc.method_name, rpc)
            if first is not rpc:
                line = self._line(first.path, locations.RPC_NAME)
                text = (
                    f"becomes the Python method {rpc.method_name}, as {service.name}.{first.name}{line} does; "
                    "rename one of the two"
                )
                yield self._of_rpc(service, rpc, locations.RPC_NAME, text)
            if rpc.name.startswith("_"):
                yield self._of_rpc(service, rpc, locations.RPC_NAME, _PRIVATE)

    def _client_methods_meet(self, service: Service) -> Iterator[Diagnostic]:
        receiving = {name: rpc for rpc in service.outbound for name in (rpc.listener_name, rpc.waiter_name)}
        for rpc in service.inbound:
            other = receiving.get(rpc.method_name)
            if other is not None:
                line = self._line(other.path, locations.RPC_NAME)
                text = (
                    f"becomes the method {rpc.method_name} of clients, as receiving {service.name}.{other.name}{line} "
                    "does; rename one of the two"
                )
                yield self._of_rpc(service, rpc, locations.RPC_NAME, text)

    def _shape(self, service: Service, rpc: Rpc) -> Iterator[Diagnostic]:
        if rpc.client_streaming:
            text = "takes a stream, but an operation has one message; remove `stream` from its request"
            yield self._of_rpc(service, rpc, locations.CLIENT_STREAMING, text)
        if rpc.server_streaming:
            text = "returns a stream, but an operation has at most one reply; remove `stream` from its response"
            yield self._of_rpc(service, rpc, locations.SERVER_STREAMING, text)
        if rpc.reply is not None and rpc.direction.outbound:
            text = (
                f"returns {rpc.reply.full_name}, but only clients can send a request with a reply, because a Lambda "
                "function cannot wait for the reply of a client; set its direction to DIRECTION_CLIENT_TO_SERVER, or "
                f"return {EMPTY}"
            )
            yield self._of_rpc(service, rpc, locations.RESPONSE, text)

    def _message(self, service: Service, rpc: Rpc) -> Iterator[Diagnostic]:
        uses = [("takes", rpc.request, locations.REQUEST)]
        if rpc.reply is not None:
            uses.append(("returns", rpc.reply, locations.RESPONSE))
        for verb, message, place in uses:
            obstacle = _import_obstacle(message.file)
            if obstacle and message.file != self._contract.file:
                text = (
                    f"{verb} {message.full_name} of {message.file}, and {obstacle}; rename that part of the file's path"
                )
                yield self._of_rpc(service, rpc, place, text)

    def _direction(self, service: Service, rpc: Rpc) -> Iterator[Diagnostic]:
        if rpc.direction is Direction.UNKNOWN:
            yield self._of_rpc(service, rpc, locations.DIRECTION, _unknown("direction", _DIRECTIONS))
        elif rpc.direction is Direction.UNSPECIFIED:
            text = (
                "has no direction, which each rpc of a service with operations requires; set `direction` in "
                f"`option (pushwire.v1.operation)` to {_DIRECTIONS}, or move the rpc to another service"
            )
            yield self._of_rpc(service, rpc, locations.DIRECTION, text)

    def _format(self, service: Service, rpc: Rpc) -> Iterator[Diagnostic]:
        if rpc.format is Format.UNKNOWN:
            yield self._of_rpc(service, rpc, locations.FORMAT, _unknown("format", _FORMATS))

    def _route(self, service: Service, rpc: Rpc) -> Iterator[Diagnostic]:
        route = rpc.route
        if not route:
            text = "its route is empty; set one, or remove `route` to use the rpc's name"
        elif len(route) > _MAX_ROUTE:
            text = f"its route has {len(route)} characters, and at most {_MAX_ROUTE} are allowed; set a shorter `route`"
        elif route.startswith("$"):
            text = (
                f"its route {_elided(route)} begins with $, which only API Gateway's own routes may do; "
                "set another `route`"
            )
        elif not _ROUTE.fullmatch(route):
            text = f"its route {_elided(route)} may contain only letters, digits and . _ / -; set another `route`"
        else:
            return
        yield self._of_rpc(service, rpc, locations.ROUTE, text)

    def of_file(self, text: str) -> Diagnostic:
        return self._diagnostic((), locations.WHOLE_FILE, "", text)

    def _of_service(self, service: Service, lookup_paths: LookupPaths, text: str) -> Diagnostic:
        return self._diagnostic(service.path, lookup_paths, service.name, text)

    def _of_rpc(self, service: Service, rpc: Rpc, lookup_paths: LookupPaths, text: str) -> Diagnostic:
        return self._diagnostic(rpc.path, lookup_paths, f"{service.name}.{rpc.name}", text)

    def _diagnostic(self, part: Path, lookup_paths: LookupPaths, subject: str, text: str) -> Diagnostic:
        position = self._contract.locations.position(part, lookup_paths)
        return Diagnostic(file=self._contract.file, position=position, subject=subject, text=text)

    def _line(self, part: Path, lookup_paths: LookupPaths) -> str:
        position = self._contract.locations.position(part, lookup_paths)
        return "" if position is None else f" (line {position.line})"


_PRIVATE = "begins with an underscore, which marks private names in Python; rename it"


def _unknown(what: str, known: str) -> str:
    plugin = f"protoc-gen-pushwire {__version__}"
    return f"its {what} has a number that {plugin} does not know; set {known}, or upgrade pushwire"


def _import_obstacle(file: str) -> str | None:
    module = names.message_module(file)
    part = names.unimportable_part(module)
    if part is None and module.startswith("pushwire.") and not module.startswith("pushwire.v1."):
        return f"the Python module {module} cannot be imported, because the installed package pushwire hides its folder"
    if part is None:
        return None
    if part in names.KEYWORDS:
        reason = "is a Python keyword"
    elif part.isidentifier():
        reason = f"is read as {unicodedata.normalize('NFKC', part)!r} by Python"
    else:
        reason = "is not a valid Python name"
    return f"the Python module {module} cannot be imported, because {part!r} {reason}"


def _elided(text: str) -> str:
    return repr(text) if len(text) <= _MAX_ROUTE else f"{text[:_MAX_ROUTE]!r}…"
