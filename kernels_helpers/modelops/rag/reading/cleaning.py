"""Text as a person sees it: what is invisible is taken out, because that is where instructions to a model hide."""

from __future__ import annotations

import re

# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties): drawn as nothing. Zero-width and soft hyphens, the
# marks that turn the direction of writing, fillers, variation selectors, and the tags that can spell whole sentences.
_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Control characters but for tab and newline, marks of interlinear annotation, surrogates, and noncharacters.
_CONTROL = "\u0000-\u0008\u000e-\u001f\u007f-\u009f\ufff9-\ufffb\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
_NONCHARACTERS = "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(1, 17))
# A single joiner between two letters of a script that has them decides how they are written, as in Persian and Hindi.
_LETTER = "\u0590-\u1fff\u2d30-\u2d7f\ua800-\uabff\ufb1d-\ufdff"
_INVISIBLE = re.compile(f"(?!(?<=[{_LETTER}])[\u200c\u200d](?=[{_LETTER}]))[{_IGNORABLE}{_CONTROL}{_NONCHARACTERS}]")
_LINE_ENDS = re.compile("\r\n|[\r\u000b\u000c\u0085\u2028\u2029]")


def visible_text(text: str) -> str:
    """``text`` with line ends made ``\\n`` and everything that is not drawn taken out; visible characters stay."""
    return _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text))


def one_line(text: str, most: int = 200) -> str:
    """A title: visible, on one line, and not too long."""
    line = " ".join(visible_text(text).split())
    return line if len(line) <= most else line[: most - 1] + "…"
