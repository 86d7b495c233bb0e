"""The plugin's options: `targets=server+client,imports=relative,elide_version`."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from pushwire._version import __version__

__all__ = ["ParameterError", "Parameters", "parse"]

_IMPORTS = ("absolute", "relative")
_BOOLEANS = {"": True, "true": True, "false": False}


class ParameterError(ValueError):
    """An option is unknown, set twice, or has an invalid value; the text says what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The options of one run. The names of the fields are the names of the options.

    Attributes:
        targets: The targets to generate.
        imports: How generated modules import the contract's other modules: `absolute`, as protoc's modules do, or
            `relative`. Defaults to `absolute`.
        elide_version: Whether to omit the plugin's version from generated files. Defaults to false.
    """

    targets: tuple[str, ...]
    imports: str = "absolute"
    elide_version: bool = False

    @property
    def generator(self) -> str:
        """The name of the generator in generated files."""
        return "protoc-gen-pushwire" if self.elide_version else f"protoc-gen-pushwire {__version__}"

    @property
    def relative_imports(self) -> bool:
        """Whether the contract's modules are imported relatively."""
        return self.imports == "relative"


def parse(text: str, *, targets: Iterable[str], default: tuple[str, ...]) -> Parameters:
    """Parse the parameter of a request.

    Args:
        text: Options separated by commas, each `name` or `name=value`.
        targets: The names of all targets.
        default: The targets to generate if the option `targets` is not set.

    Raises:
        ParameterError: An option is invalid; the text has a line for each error.
    """
    problems: list[str] = []
    given = _given(text, problems)
    parameters = Parameters(
        targets=default if "targets" not in given else _targets(given["targets"], tuple(targets), problems),
        imports=_imports(given.get("imports", "absolute"), problems),
        elide_version=_boolean("elide_version", given.get("elide_version", "false"), problems),
    )
    if problems:
        raise ParameterError("\n".join(problems))
    return parameters


def _given(text: str, problems: list[str]) -> dict[str, str]:
    """Split the text into options, and add errors for unknown and repeated ones."""
    known = [field.name for field in fields(Parameters)]
    given: dict[str, str] = {}
    for item in filter(None, map(str.strip, text.split(","))):
        name, _, value = map(str.strip, item.partition("="))
        if name not in known:
            problems.append(f"unknown option {name!r}; the options are {', '.join(known)} (targets are joined by '+')")
        elif name in given:
            problems.append(f"option {name!r} is set twice; set it once")
        else:
            given[name] = value
    return given


def _targets(value: str, known: tuple[str, ...], problems: list[str]) -> tuple[str, ...]:
    wanted = value.split("+")
    problems += (
        f"unknown target {name!r}; the targets are {', '.join(known)}, joined by '+'"
        for name in dict.fromkeys(wanted)
        if name not in known
    )
    if len(set(wanted)) < len(wanted):
        problems.append(f"option 'targets' has a target twice in {value!r}; name it once")
    return tuple(name for name in known if name in wanted)


def _imports(value: str, problems: list[str]) -> str:
    if value not in _IMPORTS:
        problems.append(f"option 'imports' must be {' or '.join(_IMPORTS)}, not {value!r}")
    return value


def _boolean(name: str, value: str, problems: list[str]) -> bool:
    if value not in _BOOLEANS:
        problems.append(f"option {name!r} must be {name}, {name}=true or {name}=false, not {value!r}")
    return _BOOLEANS.get(value, False)
