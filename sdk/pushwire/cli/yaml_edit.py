"""Edits a YAML document and keeps its comments and the order of its keys, with ruamel.yaml."""

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
    raise ImportError("ruamel.yaml is not installed: pip install 'pushwire[dev]'", name=error.name) from error

__all__ = ["YamlDocument"]

Node = Any
"""A value that ruamel.yaml has loaded. Its dicts and lists hold the comments; they are only partially typed."""

# Why `Any`: with it, type checkers do not narrow a `Node` after an `isinstance` check.
_PlainMap: Any = dict
_PlainList: Any = list
_Map: Any = CommentedMap
_List: Any = CommentedSeq

_MAX_CHARACTERS = 100_000
_HEADER = re.compile(r"(?:[#%].*\n|[ \t]*\n)*---[ \t]*\n")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$", re.MULTILINE)


class YamlDocument:
    """A YAML document. Comments and the order of keys are kept; spacing is normalized to the style of its first blocks.

    Attributes:
        root: The value of the document. Change it only with the methods of this class, and with plain dicts, lists,
            strings and booleans. Why: ruamel.yaml stores a comment below a block in the block's last leaf, and these
            methods keep such a comment below the values that they add.
    """

    def __init__(self, text: str, *, name: str) -> None:
        """Parse a document.

        Args:
            text: The document.
            name: The name of the file for errors.

        Raises:
            CommandError: The text is not one well-formed YAML document; the error has the file, line and column.
        """
        self._text = text.replace("\r\n", "\n")
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._name = name
        step, self._dash = _indent(self._text, r" {2,}(?=[^\s#-])"), _indent(self._text, " *(?=- )")
        self._yaml: Any = YAML(typ="rt")
        self._yaml.preserve_quotes = True
        self._yaml.brace_single_entry_mapping_in_flow_sequence = True
        self._yaml.width = len(text) + 4096  # Why: ruamel.yaml breaks longer lines.
        self._yaml.indent(mapping=step, sequence=self._dash + 2, offset=self._dash)
        self.root: Node = self._parsed(self._text)

    def text(self) -> str:
        """Return the text of the document, with its original line ends.

        Raises:
            CommandError: The document has aliases, or comments at places where ruamel.yaml does not keep them.
        """
        for token in self._yaml.scan(self._text):
            if isinstance(token, AliasToken):
                place = f"{token.start_mark.line + 1}:{token.start_mark.column + 1}"
                raise CommandError(f"{self._name}:{place}: an alias cannot be edited safely; replace it with its value")
        stream = io.StringIO()
        self._yaml.dump(self.root, stream)
        header = _HEADER.match(self._text)
        written = (header.group() if header else "") + stream.getvalue()
        for lost in Counter(_COMMENT.findall(self._text)) - Counter(_COMMENT.findall(written)):
            line = self._text.count("\n", 0, self._text.index(lost)) + 1
            raise CommandError(
                f"{self._name}:{line}: this comment would be lost; "
                "move it to a separate line above a key, outside of brackets, and run the command again"
            )
        if self._parsed(written) != self.root:
            raise CommandError(f"{self._name} cannot be edited safely; write it in plain block style")
        return written.replace("\n", self._newline)

    def put(self, mapping: Node, key: str, value: Node) -> None:
        """Set the value of a key. A new key is added at the end."""
        below = None if key in mapping else _cut_comments(mapping, 1 if mapping.lc.col is None else mapping.lc.col)
        mapping[key] = _node(value)
        _paste_comments(mapping, below)

    def extend(self, mapping: Node, key: str, values: list[Node]) -> None:
        """Append values to the list of a key. Add the key if it is missing."""
        items: Node = mapping.get(key)
        if not items:
            self.put(mapping, key, values)
        else:
            below = _cut_comments(items, (mapping.lc.col or 0) + 1)
            items += _node(values)
            _paste_comments(items, below)

    def replace_key(self, mapping: Node, key: str, replacement: str, value: Node) -> None:
        """Replace a key and its value by another key and value, at the same position."""
        place = list(mapping).index(key)
        above = mapping.ca.items.pop(key, None) or [None, None, None, None]
        del mapping[key]
        mapping.insert(place, replacement, _node(value))
        mapping.ca.items[replacement] = [None, above[1], None, None]
        _paste_comments(mapping[replacement], above[2])

    def comment(self, collection: Node, key: str | int, lines: Sequence[str]) -> None:
        """Add comment lines above a key or an item. Do nothing in brackets, or between a dash and its first key."""
        in_list = isinstance(collection, _List)
        column = self._dash if in_list else collection.lc.col
        if _is_block(collection) and (in_list or column == 0 or key != next(iter(collection))):
            collection.yaml_set_comment_before_after_key(key, before="\n".join(lines), indent=column)

    def _parsed(self, text: str) -> Node:
        if len(text) > _MAX_CHARACTERS:
            raise CommandError(
                f"{self._name} has more than {_MAX_CHARACTERS:,} characters; check that it is a buf.yaml"
            )
        try:
            return self._yaml.load(text)
        except YAMLError as error:
            details: Any = error
            mark = getattr(details, "problem_mark", None) or getattr(details, "context_mark", None)
            place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
            problem = " ".join(str(getattr(details, "problem", None) or error).split())
            raise CommandError(f"{self._name}{place}: invalid YAML: {problem}") from error
        except (
            RecursionError,
            ValueError,
            TypeError,
            AttributeError,
        ) as error:  # for example for a tag on a value of the wrong type
            raise CommandError(f"{self._name}: invalid YAML: too many levels, or a malformed value") from error


def _node(value: Node) -> Node:
    if isinstance(value, _PlainMap):
        return _Map((key, _node(item)) for key, item in value.items())
    return _List(map(_node, value)) if isinstance(value, _PlainList) else value


def _is_block(value: Node) -> bool:
    return isinstance(value, (_Map, _List)) and not value.fa.flow_style()


def _indent(text: str, start: str) -> int:
    """Return the indentation of the first line below a top-level key that matches `start`; 2 if no line matches."""
    found = re.search(rf"^[^\s#-].*\n(?:[ \t]*(?:#.*)?\n)*({start})", text, re.MULTILINE)
    return len(found[1]) if found else 2


def _last(collection: Node) -> tuple[Node, Node, int]:
    """Return the place where ruamel.yaml keeps the comments after a block: its last leaf, a key and a slot."""
    key: Node = list(collection)[-1] if isinstance(collection, _Map) else len(collection) - 1
    value = collection[key]
    if _is_block(value) and value:
        return _last(value)
    return collection, key, 2 if isinstance(collection, _Map) else 0


def _cut_comments(collection: Node, column: int) -> Node:
    """Remove and return the comments below a block, from the first one with less indentation than `column`."""
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
