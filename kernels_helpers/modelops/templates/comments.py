"""Comments of a parameters cell: descriptions of parameters and titles of groups."""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass, field

_GROUP = re.compile(r"#\s*-{3,}\s*(\S.*?)\s*-{3,}\s*")


@dataclass
class Comments:
    """Where the comments of a cell stand, by line number counted from 1."""

    trailing: dict[int, str] = field(default_factory=dict)
    standalone: dict[int, str] = field(default_factory=dict)
    groups: dict[int, str] = field(default_factory=dict)

    def description(self, first_line: int, last_line: int) -> str:
        """What the comment beside a statement says, or else the comment lines directly above it."""
        for line in (last_line, first_line):
            if line in self.trailing:
                return self.trailing[line]
        above: list[str] = []
        line = first_line - 1
        while line in self.standalone:
            above.insert(0, self.standalone[line])
            line -= 1
        return " ".join(above)

    def group(self, line: int) -> str | None:
        """The title of the group that a line belongs to."""
        return max(((at, title) for at, title in self.groups.items() if at < line), default=(0, None))[1]


def read_comments(source: str) -> Comments:
    """The comments of syntactically valid source."""
    comments = Comments()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        line, column = token.start
        text = token.string.lstrip("#").strip()
        if token.line[:column].strip():
            comments.trailing[line] = text
        elif group := _GROUP.fullmatch(token.string):
            comments.groups[line] = group[1]
        elif text:
            comments.standalone[line] = text
    return comments
