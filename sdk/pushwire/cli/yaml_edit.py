"""A YAML document that is edited and written back with its comments and the order of its keys, by ruamel.yaml."""

import io
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from pushwire.cli.errors import CommandError

try:
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.tokens import AliasToken, CommentToken
except ImportError as error:
    raise ImportError("this needs ruamel.yaml: pip install 'pushwire[dev]'", name=error.name) from error

__all__ = ["YamlDocument"]

Node = Any
"""What ruamel.yaml loads: its own dicts and lists, which hold the comments. It annotates them in part only."""

# As Any: what is one of these stays a Node to type checkers.
_PlainMap: Any = dict
_PlainList: Any = list
_Map: Any = CommentedMap
_List: Any = CommentedSeq

_MAX_CHARACTERS = 100_000
_HEADER = re.compile(r"(?:[#%].*\n|[ \t]*\n)*---[ \t]*\n")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$", re.MULTILINE)


class YamlDocument:
    """A YAML document. Comments and the order of keys stay; spacing is made even, in the style of its first blocks.

    Attributes:
        root: What the document holds. Change it by the methods here, by plain dicts, lists, strings and booleans: they
            keep the comments below a block, which ruamel.yaml holds at its last leaf, below what is added to it.
    """

    def __init__(self, text: str, *, name: str) -> None:
        """Parse a document.

        Args:
            text: The document.
            name: What to call the file in errors.

        Raises:
            CommandError: It is not one well-formed YAML document; the text gives the file, line and column.
        """
        self._text = text.replace("\r\n", "\n")
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._name = name
        step, self._dash = _indent(self._text, r" {2,}(?=[^\s#-])"), _indent(self._text, " *(?=- )")
        self._yaml: Any = YAML(typ="rt")
        self._yaml.preserve_quotes = True
        self._yaml.brace_single_entry_mapping_in_flow_sequence = True
        self._yaml.width = len(text) + 4096  # lines stay as long as they are
        self._yaml.indent(mapping=step, sequence=self._dash + 2, offset=self._dash)
        self.root: Node = self._parsed(self._text)

    def text(self) -> str:
        """Write the document.

        Returns:
            Its text, with the line ends that it came with.

        Raises:
            CommandError: It has aliases, or comments at places where ruamel.yaml does not keep them.
        """
        for token in self._yaml.scan(self._text):
            if isinstance(token, AliasToken):
                place = f"{token.start_mark.line + 1}:{token.start_mark.column + 1}"
                raise CommandError(
                    f"{self._name}:{place}: an alias cannot be edited safely; write out what it stands for"
                )
        stream = io.StringIO()
        self._yaml.dump(self.root, stream)
        header = _HEADER.match(self._text)
        written = (header.group() if header else "") + stream.getvalue()
        for lost in Counter(_COMMENT.findall(self._text)) - Counter(_COMMENT.findall(written)):
            line = self._text.count("\n", 0, self._text.index(lost)) + 1
            raise CommandError(
                f"{self._name}:{line}: this comment would be lost; "
                "move it onto a line of its own above a key, outside of brackets, and run this again"
            )
        if self._parsed(written) != self.root:
            raise CommandError(f"{self._name} cannot be edited safely; write it in plain block style")
        return written.replace("\n", self._newline)

    def put(self, mapping: Node, key: str, value: Node) -> None:
        """Set a key; a new one goes to the end."""
        below = None if key in mapping else _cut_comments(mapping, 1 if mapping.lc.col is None else mapping.lc.col)
        mapping[key] = _node(value)
        _paste_comments(mapping, below)

    def extend(self, mapping: Node, key: str, values: list[Node]) -> None:
        """Add to the end of the list behind a key, which may be missing."""
        items: Node = mapping.get(key)
        if not items:
            self.put(mapping, key, values)
        else:
            below = _cut_comments(items, (mapping.lc.col or 0) + 1)
            items += _node(values)
            _paste_comments(items, below)

    def replace_key(self, mapping: Node, key: str, replacement: str, value: Node) -> None:
        """Put another key, and value, at the place of one."""
        place = list(mapping).index(key)
        above = mapping.ca.items.pop(key, None) or [None, None, None, None]
        del mapping[key]
        mapping.insert(place, replacement, _node(value))
        mapping.ca.items[replacement] = [None, above[1], None, None]
        _paste_comments(mapping[replacement], above[2])

    def comment(self, collection: Node, key: str | int, lines: Sequence[str]) -> None:
        """Put comment lines above a key or an item; none within brackets, or between a dash and its first key."""
        in_list = isinstance(collection, _List)
        column = self._dash if in_list else collection.lc.col
        if _is_block(collection) and (in_list or column == 0 or key != next(iter(collection))):
            collection.yaml_set_comment_before_after_key(key, before="\n".join(lines), indent=column)

    def _parsed(self, text: str) -> Node:
        if len(text) > _MAX_CHARACTERS:
            raise CommandError(f"{self._name} is longer than {_MAX_CHARACTERS} characters; is it the right file?")
        try:
            return self._yaml.load(text)
        except YAMLError as error:
            told: Any = error
            mark = getattr(told, "problem_mark", None) or getattr(told, "context_mark", None)
            place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
            problem = " ".join(str(getattr(told, "problem", None) or error).split())
            raise CommandError(f"{self._name}{place}: not valid YAML: {problem}") from error
        except (
            RecursionError,
            ValueError,
            TypeError,
            AttributeError,
        ) as error:  # as of a tag on the wrong kind of value
            raise CommandError(f"{self._name}: not valid YAML: nested too deeply, or a malformed value") from error


def _node(value: Node) -> Node:
    if isinstance(value, _PlainMap):
        return _Map((key, _node(item)) for key, item in value.items())
    return _List(map(_node, value)) if isinstance(value, _PlainList) else value


def _is_block(value: Node) -> bool:
    return isinstance(value, (_Map, _List)) and not value.fa.flow_style()


def _indent(text: str, start: str) -> int:
    """How deep the first line stands that starts so, below a key of the top level; 2 where there is none."""
    found = re.search(rf"^[^\s#-].*\n(?:[ \t]*(?:#.*)?\n)*({start})", text, re.MULTILINE)
    return len(found[1]) if found else 2


def _last(collection: Node) -> tuple[Node, Node, int]:
    """Where ruamel.yaml keeps the comments behind and below a block: at its last leaf."""
    key: Node = list(collection)[-1] if isinstance(collection, _Map) else len(collection) - 1
    value = collection[key]
    if _is_block(value) and value:
        return _last(value)
    return collection, key, 2 if isinstance(collection, _Map) else 0


def _cut_comments(collection: Node, column: int) -> Node:
    """Take away the comments below a block, from the first that stands left of `column` on."""
    if not collection or not _is_block(collection):
        return None
    holder, key, slot = _last(collection)
    token = (holder.ca.items.get(key) or [None] * 3)[slot]
    if token is None:
        return None
    lines: list[str] = token.value.split("\n")
    own = 1
    for index, line in enumerate(lines[1:], 2):
        if line.strip():
            if len(line) - len(line.lstrip()) < column:
                break
            own = index
    kept, below = "\n".join(lines[:own]), "\n".join(lines[own:])
    if not below:
        return None
    token.value = kept + "\n"
    if not kept:
        holder.ca.items[key][slot] = None
    return CommentToken("\n" + below, token.start_mark, None)


def _paste_comments(collection: Node, below: Node) -> None:
    if below is not None and _is_block(collection):
        holder, key, slot = _last(collection)
        holder.ca.items.setdefault(key, [None, None, None, None])[slot] = below
