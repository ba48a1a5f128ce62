"""Makes a question/answer dataset from the docstrings of Python's standard library."""

from __future__ import annotations

import hashlib
import re
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from modelops.datasets.canonical import Row
from modelops.datasets.docstrings import Documented, documented, source_files
from modelops.errors import InvalidInput, Unavailable

MIN_CHARACTERS = 60
"""An answer shorter than this mostly repeats the name in other words."""

# Every variation is true of the answer: it says what the thing does, as its author described it.
_QUESTIONS = {
    "module": (
        "What is Python's `{name}` module for?",
        "Give me an overview of the `{name}` module in Python's standard library.",
        "When would I use the Python module `{name}`?",
    ),
    "class": (
        "What is `{name}` in Python?",
        "Explain the class `{name}` from Python's standard library.",
        "What is the Python class `{name}` for?",
    ),
    "function": (
        "What does `{call}` do in Python?",
        "Explain the Python function `{call}`.",
        "How does `{call}` from Python's standard library work?",
        "Describe what `{name}` does in Python.",
    ),
    "method": (
        "What does `{call}` do in Python?",
        "Explain the Python method `{call}`.",
        "What is the method `{name}` for in Python?",
    ),
    "property": (
        "What is the attribute `{name}` in Python?",
        "What does the attribute `{name}` tell me in Python?",
    ),
}
# Texts that are no explanation: notes between maintainers, pointers to somewhere else, and notices.
_POINTERS = re.compile(
    r"(?:internal|private|helper (?:function|method|class)|see |same as |like |overrid|deprecated|do not (?:use|call)|"
    r"todo|xxx|undocumented|test |inherited|extend|not implemented|stub|>>>|a? ?(?:fake|dummy))",
    re.IGNORECASE,
)
_NOTICES = re.compile(
    r"copyright|licen[cs]e|written by|internal implementation|(?:should|must) not be (?:used|called|imported)|"
    r"for internal use|\bXXX\b|\bTODO\b",
    re.IGNORECASE,
)
_SIGNATURE_LINE = re.compile(r"[\w.]+\(.*\)(?: *-+> .*)?")


@dataclass(frozen=True)
class Pairs:
    """Question/answer rows of both splits, and where they come from."""

    train: tuple[Row, ...]
    held_out: tuple[Row, ...]
    held_out_modules: tuple[str, ...]
    python: str
    sources_sha256: str
    """Digest over the names and contents of all source files that were read."""

    def rows(self) -> Iterator[tuple[str, Row]]:
        """All rows with their split, train first."""
        yield from (("train", row) for row in self.train)
        yield from (("test", row) for row in self.held_out)


class _Pair(NamedTuple):
    item: Documented
    answer: str

    @property
    def opening(self) -> str:
        """The first paragraph of the answer without its layout: what copies of a text keep."""
        return " ".join(self.answer.partition("\n\n")[0].casefold().split())

    @property
    def row(self) -> Row:
        return {
            "messages": [
                {"role": "user", "content": question(self.item)},
                {"role": "assistant", "content": self.answer},
            ]
        }


def make_pydoc(
    *, rows: int | None = None, held_out: float = 0.1, max_chars: int = 1200, library: Path | None = None
) -> Pairs:
    """Question/answer pairs from the docstrings in ``library`` (this Python's standard library), the same every time.

    ``rows`` limits both splits together, spread evenly over all modules; ``held_out`` is the share held out, whole
    top-level modules only; answers have at most ``max_chars`` characters. Raises ``InvalidInput`` for values out of
    range, and ``Unavailable`` when the Python was installed without its sources.
    """
    if (rows is not None and rows < 2) or not 0 < held_out < 1 or max_chars < MIN_CHARACTERS:
        raise InvalidInput(
            "invalid_option",
            "make-pydoc needs rows >= 2, a held-out share between 0 and 1, "
            f"and answers of at least {MIN_CHARACTERS} characters.",
            "Leave the options out for the defaults.",
        )
    library = library or Path(sysconfig.get_path("stdlib"))
    digest = hashlib.sha256()
    found = list(_distinct(_read(library, digest), max_chars))
    held_out_modules = _choose_modules(found, held_out)
    train = [pair for pair in found if pair.item.family not in held_out_modules]
    # Modules copy from one another (queue and asyncio.queues): what opens like a training answer is not held out.
    known = {pair.opening for pair in train}
    test = [pair for pair in found if pair.item.family in held_out_modules and pair.opening not in known]
    if not train or not test:
        raise Unavailable(
            "no_docstrings",
            f"{library} holds too few documented Python sources to make a dataset from.",
            "Use a Python that was installed with its standard library's sources.",
        )
    if rows is not None:
        limit = max(1, round(rows * held_out))
        train, test = _sample(train, rows - limit), _sample(test, limit)
    return Pairs(
        train=tuple(pair.row for pair in train),
        held_out=tuple(pair.row for pair in test),
        held_out_modules=tuple(sorted(held_out_modules)),
        python=".".join(map(str, sys.version_info[:3])),
        sources_sha256=digest.hexdigest(),
    )


def question(item: Documented) -> str:
    """One of several ways to ask for what ``item`` documents, chosen by its name."""
    variations = _QUESTIONS[item.kind]
    call = f"{item.full_name}({item.signature if len(item.signature) <= 80 else '...'})"
    chosen = variations[_number(item.full_name) % len(variations)]
    return chosen.format(name=item.full_name, call=call)


def answer(item: Documented, max_chars: int) -> str | None:
    """The docstring as an answer: whole paragraphs up to ``max_chars``; ``None`` where it would teach nothing."""
    paragraphs = re.split(r"\n[ \t]*\n", item.docstring.strip())
    if _SIGNATURE_LINE.fullmatch(paragraphs[0]):
        paragraphs = paragraphs[1:]
    kept: list[str] = []
    for paragraph in paragraphs:
        if len("\n\n".join([*kept, paragraph])) > max_chars:
            break
        kept.append(paragraph.rstrip())
    # What announces something that was cut off is cut off as well.
    while kept and len(kept) < len(paragraphs) and kept[-1].endswith(":"):
        kept.pop()
    text = "\n\n".join(kept).strip()
    readable = text.replace("\n", "").isprintable()
    if len(text) < MIN_CHARACTERS or len(text.split()) < 10 or not readable:
        return None
    return None if _POINTERS.match(text) or _NOTICES.search(text) else text


def _read(library: Path, digest: hashlib._Hash) -> Iterator[Documented]:
    for module, path in source_files(library):
        source = path.read_bytes()
        digest.update(f"{module}\0{len(source)}\0".encode() + source)
        try:
            yield from documented(module, source)
        except SyntaxError:
            continue  # Samples of bad syntax are part of some distributions.


def _distinct(items: Iterable[Documented], max_chars: int) -> Iterator[_Pair]:
    """Items with their answer; the first of those with one name, or with one answer in a family."""
    names: set[str] = set()
    answers: set[tuple[str, str]] = set()
    for item in items:
        text = answer(item, max_chars)
        if text is None or item.full_name in names or (item.family, text) in answers:
            continue
        names.add(item.full_name)
        answers.add((item.family, text))
        yield _Pair(item, text)


def _choose_modules(pairs: Iterable[_Pair], share: float) -> set[str]:
    """Top-level modules that together hold at most ``share`` of the pairs, chosen by the hash of their names."""
    sizes = Counter(pair.item.family for pair in pairs)
    room = share * sizes.total()
    chosen = set()
    for family in sorted(sizes, key=_number):
        if sizes[family] <= room:
            chosen.add(family)
            room -= sizes[family]
    return chosen


def _sample(pairs: list[_Pair], limit: int) -> list[_Pair]:
    """``limit`` pairs chosen by the hash of their names, in their order."""
    chosen = set(sorted((pair.item.full_name for pair in pairs), key=_number)[:limit])
    return [pair for pair in pairs if pair.item.full_name in chosen]


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
