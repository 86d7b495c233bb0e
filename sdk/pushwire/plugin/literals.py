"""Python string literals and docstrings, in the form that ruff's formatter leaves unchanged."""

__all__ = ["docstring", "quoted"]


def docstring(text: str) -> list[str]:
    r"""Return the lines of a docstring, without indentation.

    Args:
        text: The text: a first line that neither begins nor ends with a quote or a backslash, and further lines that
            are cleaned (see `pushwire.plugin.comments`).
    """
    first, *rest = text.replace("\\", "\\\\").replace('"""', r"\"\"\"").split("\n")
    return [f'"""{first}', *rest, '"""'] if rest else [f'"""{first}"""']


def quoted(text: str) -> str:
    """Return a string literal, in the quotes that ruff prefers: double ones, unless single ones need fewer escapes.

    Args:
        text: One line of cleaned text (see `pushwire.plugin.comments`).
    """
    quote = "'" if text.count('"') > text.count("'") else '"'
    escaped = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    return f"{quote}{escaped}{quote}"
