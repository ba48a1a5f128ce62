"""Reads Parquet files, and folders saved by ``datasets``, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.datasets.rows import BadRow, SourceRow, visible
from modelops.errors import InvalidInput, Unavailable

if TYPE_CHECKING:
    from pyarrow import RecordBatch

BATCH_ROWS = 256


def read_parquet(path: Path, file: str) -> Iterator[SourceRow | BadRow]:
    """Rows of a Parquet file; raise ``InvalidInput`` where it is damaged, ``Unavailable`` without pyarrow."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise _missing("pyarrow", "Parquet files") from error
    try:
        with parquet.ParquetFile(path) as table:
            yield from _rows(table.iter_batches(batch_size=BATCH_ROWS), file)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(file, error) from error


def read_saved(folder: Path, file: str) -> Iterator[SourceRow | BadRow]:
    """Rows of one split saved by ``Dataset.save_to_disk``; the same errors as for Parquet."""
    try:
        import pyarrow as pa
        from datasets import Dataset
    except ImportError as error:
        raise _missing("datasets", "folders saved by the datasets package") from error
    try:
        table = Dataset.load_from_disk(str(folder)).with_format("arrow")
        batches = (table[start : start + BATCH_ROWS] for start in range(0, len(table), BATCH_ROWS))
        yield from _rows((batch for part in batches for batch in part.to_batches()), file)
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(file, error) from error


def _rows(batches: Iterator[RecordBatch], file: str) -> Iterator[SourceRow | BadRow]:
    number = 0
    for batch in batches:
        try:
            rows: list[Any] = batch.to_pylist()
        except UnicodeDecodeError:
            rows = [_decode(batch, index) for index in range(batch.num_rows)]
        for row in rows:
            number += 1
            if row is None:
                yield BadRow(file, number, "", "not_utf8", "Not UTF-8 text: a text column holds other bytes.")
            else:
                yield SourceRow(file, number, row)


def _decode(batch: RecordBatch, index: int) -> dict[str, Any] | None:
    try:
        row: dict[str, Any] = batch.slice(index, 1).to_pylist()[0]
    except UnicodeDecodeError:
        return None
    return row


def _missing(package: str, what: str) -> Unavailable:
    return Unavailable(
        "missing_package",
        f"Reading {what} needs the package {package}.",
        f"Install it: pip install {package}",
        package=package,
    )


def _damaged(file: str, error: Exception) -> InvalidInput:
    reason = visible(str(error).strip().splitlines()[0][:200]) if str(error).strip() else type(error).__name__
    return InvalidInput(
        "unreadable_file", f"{file} cannot be read: {reason}", "Is it whole? Copy or download it again.", file=file
    )
