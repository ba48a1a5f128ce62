"""What a model or a notebook says as Markdown that shows it and does nothing: no HTML, no picture, no link, no formula.

Every sign that Markdown could read is escaped; what is left are code, bold words and lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ITEM = re.compile(r" *(?:[-*+]|\d{1,9}[.)]) +(?=\S)")
_HEADING = re.compile(r" *#{1,6} +(\S.*)")
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)|\*\*(?! )([^*]+)(?<! )\*\*")
_SIGN = re.compile(r"([!-/:-@\[-`{-~])")
"""All punctuation of ASCII: CommonMark takes any of it for itself behind a backslash."""


_FRAME = '<div class="mathjax_ignore tex2jax_ignore">\n\n{}\n\n</div>'
"""Front ends look for formulas in what Markdown has become, where nothing is escaped, and those may be links."""


def as_markdown(text: str, foot: str = "") -> str:
    """Text as Markdown, with a word of ours below it."""
    parts = [_blocks(text), f"*{_escaped(foot)}*" if foot else ""]
    return _FRAME.format("\n\n".join(part for part in parts if part.strip()))


def _blocks(text: str) -> str:
    """Line for line; a block of code that has not ended yet goes to the end."""
    parts: list[str] = []
    said: list[str] = []
    lines = iter(text.splitlines())
    for line in lines:
        if fence := _FENCE.match(line):
            parts += ["  \n".join(said), _fenced(_code(lines, fence[1]))]
            said = []
        else:
            said.append(_line(line))
    return "\n\n".join(part for part in [*parts, "  \n".join(said)] if part.strip())


def _code(lines: Iterator[str], fence: str) -> list[str]:
    """The lines before the end of a block."""
    code = []
    for line in lines:
        if len(line.strip()) >= len(fence) and set(line.strip()) == {fence[0]}:
            break
        code.append(line)
    return code


def _fenced(code: list[str]) -> str:
    """A block that nothing in it can end; no language, as some are drawn and not shown."""
    longest = max((len(run) for line in code for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([fence, *code, fence])


def _line(line: str) -> str:
    if heading := _HEADING.match(line):
        return f"**{_escaped(heading[1].strip())}**"  # no heading: it would get an id, and a line in the contents
    if item := _ITEM.match(line):
        return item[0] + _spans(line[item.end() :])
    rest = line.lstrip()
    return "\N{NO-BREAK SPACE}" * (len(line) - len(rest)) + _spans(rest)  # four spaces would begin a block of code


def _spans(text: str) -> str:
    parts, end = [], 0
    for span in _SPAN.finditer(text):
        parts += [_escaped(text[end : span.start()]), f"`{span[1]}`" if span[1] else f"**{_escaped(span[2])}**"]
        end = span.end()
    return "".join([*parts, _escaped(text[end:])])


def _escaped(text: str) -> str:
    return _SIGN.sub(r"\\\1", text)
