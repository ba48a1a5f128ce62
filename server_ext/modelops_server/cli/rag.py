"""``modelops rag``: search an index, and ask a model about what is found."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from modelops.paths import StateHome
from modelops_server.cli.output import json_option, print_table, printable, show
from modelops_server.cli.steps import steps

if TYPE_CHECKING:
    from modelops.rag.answering import Answered
    from modelops.rag.index import Index
    from modelops.rag.retrieval import Hit, Reranker, SearchSettings

_Command = TypeVar("_Command", bound=Callable[..., Any])
_EXCERPT = 160
"""Characters of a passage in a table."""


def _search_options(command: _Command) -> _Command:
    options = (
        click.option("--top-k", default=5, show_default=True, type=click.IntRange(1, 1000), help="Most passages."),
        click.option(
            "--method",
            default="hybrid",
            show_default=True,
            type=click.Choice(["hybrid", "dense", "bm25"]),
            help="By meaning (dense), by words (bm25), or both.",
        ),
        click.option("--source", "sources", multiple=True, metavar="PATTERN", help="Only documents such as 'guide/*'."),
        click.option("--per-source", type=click.IntRange(1), help="Most passages of one document.  [default: any]"),
        click.option("--min-similarity", type=click.FloatRange(-1, 1), help="Least cosine of what meaning finds."),
        click.option("--reranker", metavar="REF", help="Model that puts what was found in order."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def rag() -> None:
    """Search an index of documents, and answer questions from it.

    The index and the model that embedded it are verified and opened in this process.
    """


@rag.command("search")
@click.argument("index")
@click.argument("question")
@_search_options
@json_option
def search_(index: str, question: str, as_json: bool, **options: Any) -> None:
    """Show the passages of INDEX that answer QUESTION best, with each step's rank and score."""
    from modelops.rag.retrieval import search

    opened, settings, reranker = _opened(index, options)
    hits = search(opened, question, settings, reranker=reranker)

    def as_text() -> None:
        names = [name for name in ("dense", "bm25", "fusion", "reranker") if any(name in hit.steps for hit in hits)]
        rows = [
            (str(number), *(_placed(hit, name) for name in names), _place(hit), _excerpt(hit))
            for number, hit in enumerate(hits, 1)
        ]
        print_table(["", *names, "where", "passage"], rows, empty="Nothing was found.")

    show({"question": question, "hits": [hit.as_json() for hit in hits]}, as_json, as_text)


@rag.command("ask")
@click.argument("index")
@click.argument("question")
@click.option("--endpoint", metavar="NAME", help="Who answers.  [default: the one chat endpoint that is ready]")
@click.option("--max-tokens", default=512, show_default=True, type=click.IntRange(1), help="Longest answer.")
@_search_options
@json_option
def ask_(index: str, question: str, endpoint: str | None, max_tokens: int, as_json: bool, **options: Any) -> None:
    """Answer QUESTION from INDEX, with the number of the passage behind each sentence.

    The endpoint's engine is asked itself, without a Jupyter server. Where no passage may answer the question, it is not
    asked, and the answer is "not in these documents". Ctrl-C ends it.
    """
    from modelops.rag.answering import Answered, AnswerSettings, Text, ask, attribute, check
    from modelops_server.endpoints.chatting import chat_endpoint
    from modelops_server.endpoints.direct import DirectChat

    chosen = chat_endpoint(StateHome.default(), endpoint)
    settings = AnswerSettings(max_tokens=max_tokens).within(chosen.status.context or 2048)
    opened, search_settings, reranker = _opened(index, options)
    for event in ask(opened, question, DirectChat(chosen), search_settings, settings, reranker=reranker):
        if isinstance(event, Text) and not as_json:
            click.echo(printable(event.text), nl=False)
        elif isinstance(event, Answered):
            document = {
                "question": question,
                "index": index,
                "endpoint": chosen.name if event.asked else None,
                **event.answer.as_json(),
                "passages": [hit.as_json() for hit in event.answer.hits],
                "attributions": [one.as_json() for one in attribute(event.answer)],
                "checks": check(event.answer, question).as_json(),
            }
            show(document, as_json, partial(_print_sources, event))


@rag.command("documents")
@click.argument("index")
@json_option
def documents(index: str, as_json: bool) -> None:
    """List the documents of INDEX, and those that were skipped with the reason."""
    from modelops.rag.index import open_index

    opened = open_index(index)
    chunks = [0] * len(opened.documents)
    for number in opened.document_of:
        chunks[number] += 1
    found = [
        {
            "source": document.source,
            "title": document.title,
            "media_type": document.media_type,
            "digest": document.digest,
            "characters": len(document.text),
            "pages": len(document.page_starts) or None,
            "chunks": count,
        }
        for document, count in zip(opened.documents, chunks, strict=True)
    ]
    skipped = [one.model_dump() for one in opened.record.skipped]

    def as_text() -> None:
        rows = [
            (document.source, document.title, document.media_type, f"{len(document.text):,}", str(count))
            for document, count in zip(opened.documents, chunks, strict=True)
        ]
        print_table(["document", "title", "type", "characters", "chunks"], rows, empty="There are none.")
        if skipped:
            click.echo()
            print_table(
                ["skipped", "code", "why"],
                [(one.source, one.code, one.reason) for one in opened.record.skipped],
                empty="",
            )

    show({"documents": found, "skipped": skipped, "embedder": opened.record.embedder.ref}, as_json, as_text)


def _opened(ref: str, options: dict[str, Any]) -> tuple[Index, SearchSettings, Reranker | None]:
    from modelops.rag.index import open_index, open_with_embedder
    from modelops.rag.retrieval import SearchSettings, load_reranker

    reranker = options.pop("reranker")
    settings = SearchSettings(**options)
    with steps(f"Verifying {ref}") as progress:
        progress(f"Opening {ref}")
        # The model takes seconds to load, and words are found without it.
        opened = open_index(ref) if settings.method == "bm25" else open_with_embedder(ref)
        if reranker:
            progress(f"Opening {reranker}")
        return opened, settings, load_reranker(reranker) if reranker else None


def _placed(hit: Hit, step: str) -> str:
    placed = hit.steps.get(step)
    return f"#{placed.rank} {placed.score:.3g}" if placed else "-"


def _place(hit: Hit) -> str:
    from modelops.rag.answering import place_of

    return place_of(hit)


def _excerpt(hit: Hit) -> str:
    line = " ".join(hit.chunk.text.split())
    return line if len(line) <= _EXCERPT else line[: _EXCERPT - 1] + "…"


def _print_sources(answered: Answered) -> None:
    """Below the answer: each passage that it cites, with the sentences that support it."""
    answer = answered.answer
    click.echo("\n")
    if not answered.asked:
        click.echo(click.style("No passage was near enough to the question; no model was asked.", dim=True))
    for number in answer.cited:
        click.echo(f"{click.style(f'[{number}]', bold=True)} {printable(_place(answer.hits[number - 1]))}")
        shown = [one.highlight.text for one in answer.citations if one.number == number and one.highlight]
        for sentence in dict.fromkeys(shown):
            click.echo(f"    “{printable(' '.join(sentence.split()))}”")
    from modelops.rag.answering import attribute

    found = {(one.number, one.highlight.text): one for one in attribute(answer)}
    if found:
        click.echo("Not cited by the model; these share most words with what it says:")
    for (number, sentence), one in found.items():
        click.echo(f"    {printable(_place(one.hit))}, passage {number}")
        click.echo(f"    \u201c{printable(' '.join(sentence.split()))}\u201d")
    if answer.removed:
        click.echo(f"Citations of passages that do not exist, left out: {answer.removed}", err=True)
    if not answer.citations and not answer.refused:
        click.echo("The answer cites nothing: read it as what the model believes.", err=True)
