"""Text as Python source, in the one form that ruff's formatter leaves alone."""

__all__ = ["docstring", "quoted"]


def docstring(text: str) -> list[str]:
    r"""Write a docstring.

    Args:
        text: Cleaned text (see `pushwire.plugin.comments`) behind a first line that neither begins nor ends with a
            quote or a backslash.

    Returns:
        Its lines, without the indentation of the place it goes to.
    """
    first, *rest = text.replace("\\", "\\\\").replace('"""', r"\"\"\"").split("\n")
    return [f'"""{first}', *rest, '"""'] if rest else [f'"""{first}"""']


def quoted(text: str) -> str:
    """Write a string literal.

    Args:
        text: One line of cleaned text: see `pushwire.plugin.comments`.

    Returns:
        The literal, in the quotes that ruff prefers: double ones, unless single ones need fewer escapes.
    """
    quote = "'" if text.count('"') > text.count("'") else '"'
    escaped = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    return f"{quote}{escaped}{quote}"
