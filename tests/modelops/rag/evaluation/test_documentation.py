"""docs/rag-evaluation.md: its file of questions is one, and it names every measure, rule and code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from modelops.rag.documents import Document
from modelops.rag.evaluation import making, metrics, read_questions

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "rag-evaluation.md").read_text()


def test_the_lines_of_a_file_of_questions_are_read(tmp_path: Path) -> None:
    lines = re.findall(r"^\{\"question.*\}$", PAGE, re.MULTILINE)
    (tmp_path / "questions.jsonl").write_text("\n".join(lines))
    text = "Press I twice" + " " * 2000
    sources = {"guide/kernels.md": text, "faq.html": text, "prices.pdf": text}
    documents = [Document(source, "sha256:0", "text/plain", content) for source, content in sources.items()]
    questions = read_questions(tmp_path / "questions.jsonl", documents)
    assert [question.answerable for question in questions] == [True, True, True, False]


def test_every_measure_and_rule_is_explained() -> None:
    answers = (ROOT / "kernels_helpers" / "modelops" / "rag" / "evaluation" / "answers.py").read_text()
    names = {*metrics.METRICS, *get_args(making.Method), *re.findall(r'^ +"(\w+)": ', answers, re.MULTILINE)}
    assert {name for name in names if f"`{name}`" not in PAGE} == set()


def test_every_code_is_explained() -> None:
    folder = ROOT / "kernels_helpers" / "modelops" / "rag" / "evaluation"
    source = "".join(path.read_text() for path in folder.glob("*.py"))
    codes = set(re.findall(r"InvalidInput\(\s*\"(\w+)\"", source))
    assert len(codes) >= 5
    pages = PAGE + (ROOT / "docs" / "retrieval.md").read_text()
    assert {code for code in codes if f"`{code}`" not in pages} == set()
