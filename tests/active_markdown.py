"""What readers of Markdown would make active in a text."""

from __future__ import annotations

import re

import mistune
from markdown_it import MarkdownIt

COMMONMARK = MarkdownIt("commonmark").enable(["table", "strikethrough"])
MISTUNE = mistune.create_markdown(escape=False, plugins=["url", "table", "footnotes", "strikethrough", "def_list"])
ACTIVE = re.compile(r"<(?!/?(?:p|ul|ol|li|em|strong|code|pre|h[1-6]|hr|br|blockquote|del|s|dl|dt|dd|t[a-z]+)\b)[^>]*>")


def active(text: str) -> list[str]:
    """The tags that two readers of Markdown make of a text, but those that only shape it."""
    return ACTIVE.findall(f"{COMMONMARK.render(text)}\n{MISTUNE(text)}")
