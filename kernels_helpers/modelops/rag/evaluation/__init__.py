"""How well an index is searched: questions whose answers are known, metrics with intervals, and sweeps.

A question names spans of documents, so that indexes that are cut in different ways are judged by the same questions.
"""

from __future__ import annotations

from modelops.rag.evaluation.answers import Examined, answer_measures, judge_messages, read_verdict
from modelops.rag.evaluation.comparing import Comparison, Ranking, compare, holm, randomisation_p, rank
from modelops.rag.evaluation.configurations import Configuration, Cut, grid
from modelops.rag.evaluation.given import read_questions
from modelops.rag.evaluation.locating import Located, locate_answers
from modelops.rag.evaluation.making import Made, make_questions, unanswerable, word_overlap
from modelops.rag.evaluation.metrics import Judged, judge, per_question, retrieval_measures
from modelops.rag.evaluation.questions import Place, Question, questions_digest
from modelops.rag.evaluation.reporting import Report, Row, report, separation
from modelops.rag.evaluation.results import Found, Result, SweepJournal
from modelops.rag.evaluation.sweep import Sweep
from modelops.rag.evaluation.written import passages_to_ask, question_messages, written_questions

__all__ = [
    "Comparison",
    "Configuration",
    "Cut",
    "Examined",
    "Found",
    "Judged",
    "Located",
    "Made",
    "Place",
    "Question",
    "Ranking",
    "Report",
    "Result",
    "Row",
    "Sweep",
    "SweepJournal",
    "answer_measures",
    "compare",
    "grid",
    "holm",
    "judge",
    "judge_messages",
    "locate_answers",
    "make_questions",
    "passages_to_ask",
    "per_question",
    "question_messages",
    "questions_digest",
    "randomisation_p",
    "rank",
    "read_questions",
    "read_verdict",
    "report",
    "retrieval_measures",
    "separation",
    "unanswerable",
    "word_overlap",
    "written_questions",
]
