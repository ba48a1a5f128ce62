"""Adds datasets to the registry: what is checked, converted and counted becomes a signed artifact."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modelops.datasets.canonical import CanonicalWriter, encode_row, held_out
from modelops.datasets.conversion import Conversion
from modelops.datasets.datasheet import datasheet, metadata, write_datasheet
from modelops.datasets.progress import EVERY_ROWS, Progress, quietly
from modelops.datasets.pydoc import make_pydoc
from modelops.datasets.sources import Source, digest, find_sources
from modelops.datasets.statistics import Statistics, TokenCounter
from modelops.errors import Conflict, InvalidInput, NotFound
from modelops.files import out_of_space
from modelops.names import check_name
from modelops.registry import Artifact, Build, Dependency, Registry
from modelops.registry.blobs import disk_full
from modelops.registry.scratch import ScratchFolder


@dataclass(frozen=True)
class Registered:
    """The artifact, its datasheet, and whether it is new or was there with the same rows already."""

    artifact: Artifact
    sheet: dict[str, Any]
    new: bool


def add_dataset(path: Path, *, name: str, registry: Registry, **options: Any) -> Artifact:
    """Add the dataset at ``path``; options and errors are those of :func:`import_dataset`."""
    return import_dataset(path, name=name, registry=registry, **options).artifact


def import_dataset(
    path: Path,
    *,
    name: str,
    registry: Registry,
    format: str = "auto",
    skip_bad_rows: bool = False,
    test_fraction: float | None = None,
    seed: int = 0,
    count_tokens: TokenCounter | None = None,
    tokenizer: str | None = None,
    progress: Progress = quietly,
) -> Registered:
    """Check and convert the dataset at ``path``, count it, and register it as ``name``.

    ``test_fraction`` holds rows out where the source has not done so, by content and ``seed``. ``count_tokens`` and
    ``tokenizer``, the name of what it counts with, go together. Nothing is registered unless every row is good, or
    ``skip_bad_rows`` leaves the bad ones out. Raises ``InvalidInput`` with code ``bad_rows`` and all that is known
    about them, or with the code of what is wrong with a whole file.
    """
    check_name(name, "artifact name")
    started = datetime.now(UTC)
    sources = find_sources(path)
    conversion = Conversion(format)
    _check_fraction(test_fraction, sources)
    digests = {source.name: [(file.name, digest(file)) for file in source.files()] for source in sources}
    statistics = Statistics(count_tokens)
    with _scratch(registry, sum(file.stat().st_size for source in sources for file in source.files())) as folder:
        with CanonicalWriter(folder) as writer:
            for number, good in enumerate(conversion.rows(sources), 1):
                split = good.split
                if test_fraction is not None and held_out(good.encoded, test_fraction, seed):
                    split = "test"
                writer.write(split, good.encoded)
                statistics.add(split, good.row, good.encoded)
                if number % EVERY_ROWS == 0:
                    progress("Reading", number)
        _check_rows(conversion, statistics, skip_bad_rows, test_fraction)
        if digests != {source.name: [(file.name, digest(file)) for file in source.files()] for source in sources}:
            raise Conflict("source_changed", f"{path.name} changed while it was read.", "Add it again.")
        formats = list(dict.fromkeys(conversion.formats.values()))
        sheet = datasheet(
            statistics,
            format="+".join(formats),
            sources=[_describe(source, conversion, digests[source.name]) for source in sources],
            skipped=dict(sorted(conversion.bad_by_code.items())),
            dropped=dict(sorted(conversion.dropped.items())),
            tokenizer=tokenizer,
            split_by=None if test_fraction is None else {"test_fraction": str(test_fraction), "seed": str(seed)},
        )
        build = Build(
            build_type="import",
            parameters={
                "source": path.name,
                "format": format,
                "skip_bad_rows": skip_bad_rows,
                **({} if test_fraction is None else {"test_fraction": str(test_fraction), "seed": str(seed)}),
            },
            dependencies=tuple(
                Dependency("source", f"file:{file}", sha256) for files in digests.values() for file, sha256 in files
            ),
            started=started,
            finished=datetime.now(UTC),
        )
        return _register(folder, sheet, name, registry, build)


def add_pydoc(
    *,
    name: str = "stdlib-qa",
    registry: Registry,
    rows: int | None = None,
    held_out: float = 0.1,
    max_chars: int = 1200,
    count_tokens: TokenCounter | None = None,
    tokenizer: str | None = None,
    progress: Progress = quietly,
) -> Registered:
    """Make the question/answer dataset of :func:`make_pydoc` and register it as ``name``; the same errors."""
    check_name(name, "artifact name")
    started = datetime.now(UTC)
    progress("Reading the standard library", 0)
    pairs = make_pydoc(rows=rows, held_out=held_out, max_chars=max_chars)
    statistics = Statistics(count_tokens)
    with _scratch(registry, 2 << 20) as folder:
        with CanonicalWriter(folder) as writer:
            for number, (split, row) in enumerate(pairs.rows(), 1):
                encoded = encode_row(row)
                writer.write(split, encoded)
                statistics.add(split, row, encoded)
                if number % EVERY_ROWS == 0:
                    progress("Counting", number)
        source = {"file": f"Python {pairs.python} standard library", "sha256": pairs.sources_sha256}
        sheet = datasheet(statistics, format="messages", sources=[source], skipped={}, dropped={}, tokenizer=tokenizer)
        sheet["held_out_modules"] = list(pairs.held_out_modules)
        build = Build(
            build_type="make-pydoc",
            parameters={"rows": rows, "held_out": str(held_out), "max_chars": max_chars},
            dependencies=(Dependency("python", f"pkg:generic/python@{pairs.python}", pairs.sources_sha256),),
            started=started,
            finished=datetime.now(UTC),
        )
        return _register(folder, sheet, name, registry, build)


@contextmanager
def _scratch(registry: Registry, needed: int) -> Iterator[Path]:
    """A private folder for about ``needed`` bytes, gone afterwards; raise ``Unavailable`` when the disk is full."""
    scratch = ScratchFolder(registry.home)
    try:
        yield scratch.path
    except OSError as error:
        if not out_of_space(error):
            raise
        raise disk_full(registry.home.root, needed) from error
    finally:
        scratch.remove()


def _register(folder: Path, sheet: dict[str, Any], name: str, registry: Registry, build: Build) -> Registered:
    """Register ``folder``, unless the newest version of ``name`` holds the same rows."""
    write_datasheet(folder, sheet)
    try:
        newest = registry.get(name)
    except NotFound:
        newest = None
    if newest is not None and newest.kind != "dataset":
        raise Conflict("name_taken", f"{name} is the name of a {newest.kind}.", "Choose another name.", ref=newest.ref)
    rows = {path.relative_to(folder).as_posix(): digest(path) for path in sorted((folder / "data").iterdir())}
    if newest is not None and rows == {
        file.path: file.sha256 for file in newest.files if file.path.startswith("data/")
    }:
        return Registered(newest, sheet, new=False)
    artifact = registry.register(folder, name=name, kind="dataset", metadata=metadata(sheet), build=build)
    return Registered(artifact, sheet, new=True)


def _describe(source: Source, conversion: Conversion, files: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "file": source.name,
        "split": source.split,
        "format": conversion.formats[source.name],
        "rows": conversion.rows_read[source.name],
        "skipped": conversion.bad_by_file[source.name],
        "sha256": dict(files),
    }


def _check_fraction(test_fraction: float | None, sources: tuple[Source, ...]) -> None:
    if test_fraction is None:
        return
    if not 0 < test_fraction < 1:
        raise InvalidInput(
            "invalid_option", f"{test_fraction} is no share of rows to hold out.", "Give a number between 0 and 1."
        )
    if len({source.split for source in sources}) > 1:
        raise InvalidInput(
            "already_split",
            "The dataset has held-out rows of its own.",
            "Leave --test-fraction out, or give the training file alone.",
        )


def _check_rows(
    conversion: Conversion, statistics: Statistics, skip_bad_rows: bool, test_fraction: float | None
) -> None:
    """Raise ``InvalidInput`` unless what was read makes a dataset."""
    report = conversion.report()
    if conversion.unreadable is not None:
        bad = conversion.unreadable
        raise InvalidInput(
            "bad_rows",
            f"{bad.file} cannot be read on after line {bad.line}: {bad.message}",
            f"Mend line {bad.line}.",
            **report,
        )
    if conversion.bad_count and not skip_bad_rows:
        reasons = ", ".join(f"{count:,} {code}" for code, count in conversion.bad_by_code.most_common())
        raise InvalidInput(
            "bad_rows",
            f"{conversion.bad_count:,} of {conversion.rows_read.total():,} rows cannot be used: {reasons}.",
            "Mend them, or add --skip-bad-rows to keep the rest.",
            **report,
        )
    if not statistics.rows["train"] and not statistics.rows["test"]:
        raise InvalidInput("no_rows", "No row is left after the bad ones.", "Is --format the right one?", **report)
    empty = [split for split in ("train", "test") if not statistics.rows[split]]
    if not statistics.rows["train"] or (test_fraction is not None and empty):
        raise InvalidInput(
            "empty_split",
            f"No row is left for the {empty[0]} split of {statistics.rows.total()} rows.",
            "Give another --test-fraction or --seed, or more rows.",
            **report,
        )
