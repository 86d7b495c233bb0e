"""Text as Python source, in the one form that ruff's formatter leaves alone."""

__all__ = ["docstring", "quoted"]


def docstring(text: str) -> list[str]:
    r"""Write a docstring.

    Args:
        text: Cleaned text, not empty: see `pushwire.plugin.comments`.

    Returns:
        Its lines, without the indentation of the place it goes to. A last quote in front of the closing ones is
        written as `\x22`, the only form that every version of ruff keeps.
    """
    if text.endswith('"') and "\n" not in text:
        opening = _escaped(text[:-1]) + r"\x22"
        return [f'"""{_chaperoned(opening)}"""']
    opening, *rest = _escaped(text).split("\n")
    return [f'"""{_chaperoned(opening)}', *rest, '"""'] if rest else [f'"""{_chaperoned(opening)}"""']


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', r"\"\"\"")


def _chaperoned(opening: str) -> str:
    """Keep a first quote apart from the opening ones; Python takes the space off again."""
    return f" {opening}" if opening.startswith('"') else opening


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
