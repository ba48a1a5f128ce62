"""What a model wrote as Markdown in which nothing is active: no link, no picture, no HTML, and still the text it wrote.

An instruction in a document can make a model write a picture's address with what it knows in it, which a front end
would fetch. So what Markdown could read as link, picture or tag is broken up by a space, and addresses become code. To
know what is code, blocks of code are written anew at the beginning of a line, and back quotes that quote nothing become
apostrophes: no reader of Markdown can take them in another way than it is done here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from modelops.rag.reading import visible_text

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})")
_FENCE_TO_COME = re.compile(r"[ \t]*(?:`{0,2}|~{0,2})$")
_UNSPACED = r"\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"
"""Scripts without spaces between words."""
_ADDRESS = (
    rf"(?:[A-Za-z][A-Za-z0-9+.-]{{1,30}}://|www\.|(?:mailto|xmpp|tel|data|file|javascript|vbscript):(?=\S))"
    rf"[^\s`<>|\[\]{_UNSPACED}]*"
    r"|[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
    rf"|(?:[A-Za-z0-9-]{{1,63}}\.){{1,8}}[A-Za-z]{{2,63}}/[^\s`<>|\[\]{_UNSPACED}]*"
)
_TOKEN = re.compile(
    r"(?P<code>(?<!`)`[^`\n]+`(?!`))"
    r"|(?P<quotes>`+)"
    rf"|(?P<address>{_ADDRESS})"
    r"|(?P<broken>!(?=\[)|\](?=\()|<(?=[A-Za-z/!?])|\\(?=href|url|include|require|html|class|cssId|style|data))"
    r"|(?P<definition>\](?=:))",
    re.IGNORECASE,
)
_CITED = re.compile(r"\S.*\[[\d\s,;\u2013-]+$")
"""A line up to the end of a citation that does not stand at its beginning: no definition of a link."""
_TRAILING = re.compile(r"[.,:;!?'\"*_)]+$")
_LONGEST_CITATION = 40
"""Characters; a bracket that was opened before is none."""
_CUT = re.compile(rf"[\s{_UNSPACED}]")
"""Behind these no word goes on."""


@dataclass(frozen=True)
class Piece:
    """Some text that may be shown; ``literal`` where it is code."""

    text: str
    literal: bool


def safe_text(text: str) -> str:
    """What a model wrote, with nothing in it that a reader of Markdown would make active."""
    reader = SafeReader()
    return "".join(piece.text for piece in [*reader.feed(text), *reader.close()])


class SafeReader:
    """Makes an answer safe while it comes; in how many pieces it comes makes no difference."""

    def __init__(self) -> None:
        self._raw = ""
        self._line = ""
        """What has come of the line and was not given out."""
        self._before = ""
        """What was given out of the line."""
        self._fence = ""
        self._seen = self._cut = 0
        """How much of the line was looked at, and how much of it can be given out."""
        self._quoting = False
        self._open = -1
        """Where in the line a citation may have begun that has not ended."""
        self._last = ""
        """The last character that was given out."""

    def feed(self, text: str) -> Iterator[Piece]:
        """Take more of the answer; gives what can be shown."""
        waiting = len(self._raw)
        self._raw += text
        # What waits has no place to cut it at, or it would not.
        whole = max((found.end() for found in _CUT.finditer(self._raw, max(0, waiting - 1))), default=0)
        if self._raw.endswith("\r"):
            whole -= 1  # half of an end of line
        ready, self._raw = self._raw[:whole], self._raw[whole:]
        yield from self._take(visible_text(ready))

    def close(self) -> Iterator[Piece]:
        """The answer has ended; gives the rest."""
        yield from self._take(visible_text(self._raw))
        self._raw = ""
        if self._line:
            yield from self._whole_line(self._line, end="")
        if self._fence:
            yield self._piece(f"{'' if self._last == chr(10) else chr(10)}{self._fence}", literal=True)
        self._line = self._fence = ""

    def _take(self, text: str) -> Iterator[Piece]:
        *lines, rest = (self._line + text).split("\n")
        for line in lines:
            yield from self._whole_line(line, end="\n")
        self._line = rest
        if cut := self._safe_cut():
            yield from self._inline(rest[:cut])
            self._before, self._line = self._before + rest[:cut], rest[cut:]
            self._seen, self._cut, self._open = self._seen - cut, 0, self._open - cut

    def _safe_cut(self) -> int:
        """How much of the line can be given out before it has ended: nothing that begins in it goes on behind."""
        line = self._line
        if self._fence or (not self._before and (_FENCE.match(line) or _FENCE_TO_COME.match(line))):
            return 0
        for place in range(self._seen, len(line)):
            character = line[place]
            if character == "`":
                self._quoting = not self._quoting
            elif character == "[":
                self._open = place
            elif character == "]" or place - self._open > _LONGEST_CITATION:
                self._open = -1
            if self._open < 0 and not self._quoting and _CUT.match(character):
                self._cut = place + 1
        self._seen = len(line)
        return self._cut

    def _whole_line(self, line: str, end: str) -> Iterator[Piece]:
        fence = _FENCE.match(line) if not self._before else None
        if self._fence:
            inner = line.strip()
            closes = len(inner) >= len(self._fence) and set(inner) == {self._fence[0]}
            yield self._piece((self._fence if closes else line) + end, literal=True)
            self._fence = "" if closes else self._fence
        elif fence:
            # No language: some are drawn and not shown.
            self._fence = fence[1]
            yield self._piece(fence[1] + end, literal=True)
        else:
            yield from self._inline(line)
            if end:
                yield self._piece(end, literal=False)
        self._before = ""
        self._seen = self._cut = 0
        self._quoting, self._open = False, -1

    def _inline(self, text: str) -> Iterator[Piece]:
        plain, done = "", 0
        for found in _TOKEN.finditer(text):
            plain += text[done : found.start()]
            done = found.end()
            token, kind = found.group(), found.lastgroup
            if kind in {"code", "address"}:
                code = token[1:-1] if kind == "code" else _TRAILING.sub("", token)
                if plain:
                    yield self._piece(plain, literal=False)
                yield self._code(code)
                plain = "" if kind == "code" else token[len(code) :]
            elif kind == "quotes":
                plain += "'" * len(token)
            else:
                keep = kind == "definition" and _CITED.search(self._before + text[: found.start()])
                plain += token if keep else f"{token} "
        if plain := plain + text[done:]:
            yield self._piece(plain, literal=False)

    def _code(self, text: str) -> Piece:
        apart = " " if self._last in {"`", "\\", "~"} else ""  # they would be read as one with the quote
        end = " `" if text.endswith("\\") else "`"
        return self._piece(f"{apart}`{text}{end}", literal=True)

    def _piece(self, text: str, *, literal: bool) -> Piece:
        self._last = text[-1:] or self._last
        return Piece(text, literal)
