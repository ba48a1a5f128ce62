"""Real documents of this machine, and questions about them that nobody made for the purpose.

Three corpora: the HTML pages of Python's documentation (Debian's package python3-doc), the sources of its standard
library, and the licences that Debian keeps.
"""

from __future__ import annotations

import ast
import re
import sysconfig
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from modelops.rag.documents import Document
from modelops.rag.evaluation import Made, Place, Question
from modelops.rag.evaluation.making import parsed, without_names
from modelops.rag.reading import read_documents

LICENSES = Path("/usr/share/common-licenses")
_DEFINITION = re.compile(
    r"^(?:\*\w+\* )*(?P<name>[\w.]+)\([^\n]*\n:   (?P<body>.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL
)
_LEAST_WORDS, _LEAST_CHARACTERS = 4, 200


def python_documentation() -> list[Document]:
    """The library reference, tutorial and how-tos; none where the package is not installed."""
    roots = sorted(Path("/usr/share/doc").glob("python3*/html"))
    folders = [root / part for root in roots[:1] for part in ("library", "tutorial", "howto")]
    return _read(*[folder for folder in folders if folder.is_dir()], include=["*.html"])


def standard_library() -> list[Document]:
    """Python files of the standard library, without tests and generated tables."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    documents = _read(folder, include=["*.py"], exclude=["site-packages/*", "dist-packages/*", "test/*", "*/test/*"])
    return [
        document
        for document in documents
        if not re.search(r"(^|/)(tests?|idlelib|lib2to3|encodings)/", document.source)
    ]


def licenses() -> list[Document]:
    """Debian's common licences."""
    return _read(LICENSES) if LICENSES.is_dir() else []


def docstring_questions(documentation: Sequence[Document], library: Sequence[Document]) -> list[Made]:
    """What a docstring says of a function, asked for in the reference, which says it in other words.

    Two people described the same function, one in its source, the other in the manual: the first sentence of the one
    is the question, without the name, and the section of the other the place. That is the nearest thing to a person's
    question that is on every machine.
    """
    said = Counter[str]()
    summaries = {}
    for document in library:
        module = document.source.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        for name, summary in _summaries(document):
            summaries[f"{module}.{name}"] = summary
            said[summary] += 1
    found = []
    for document in documentation:
        for section in _DEFINITION.finditer(document.text):
            summary = summaries.get(section["name"], "")
            text = without_names(summary, section["name"].rpartition(".")[2])
            body = section["body"].strip()
            if said[summary] != 1 or len(text.split()) < _LEAST_WORDS or len(body) < _LEAST_CHARACTERS:
                continue
            place = Place(document.source, section.start("body"), section.start("body") + len(body))
            if summary in body:  # copied
                continue
            found.append(Made(Question(section["name"], text, (place,), made_by="docstring"), body))
    names = Counter(made.question.id for made in found)
    return sorted((made for made in found if names[made.question.id] == 1), key=lambda made: made.question.id)


def mean_overlap(made: Sequence[Made]) -> float:
    """The mean share of a question's words that stand in its passage."""
    return sum(one.overlap for one in made) / len(made)


def _summaries(document: Document) -> Iterator[tuple[str, str]]:
    tree = parsed(document)
    for node in tree.body if tree else ():
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, _summary(node)
            for inner in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{node.name}.{inner.name}", _summary(inner)


def _summary(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split())


def _read(*paths: Path, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[Document]:
    found = read_documents([str(path) for path in paths], include=include, exclude=exclude) if paths else ()
    return [document for document in found if isinstance(document, Document)]
