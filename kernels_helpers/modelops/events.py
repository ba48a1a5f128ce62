"""The progress protocol: a kernel reports by displaying ``application/vnd.modelops.event+json``.

The job runner takes these displays off the kernel's messages into the job's journal. In an interactive notebook the
same display shows its latest values as one line that updates in place.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import math
import os
import sys
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from modelops.errors import InvalidInput
from modelops.names import ArtifactKind, check_member_path, check_name

MIME = "application/vnd.modelops.event+json"
JOB_FOLDER = "MODELOPS_JOB_FOLDER"
"""Environment variable that names the job's folder inside a job's kernel."""

_LATEST = frozenset({"metric", "progress"})
"""Types of which a cell shows the latest only; of the others it shows every one."""
_shown: set[tuple[int, str]] = set()

_BURST, _PERIOD = 500, 0.5
"""Events, and the seconds in which no more are sent: a kernel's socket holds a thousand messages for a reader who is
slower, and throws away what comes on top without a word."""
_sent: deque[float] = deque(maxlen=_BURST)
_numbers = itertools.count()
"""Each event has its number, so that the job runner sees when one is missing."""


def log_metric(step: int | None = None, /, **values: float) -> None:
    """Report measured values, such as ``log_metric(12, loss=1.9, tokens_per_second=170.0)``.

    A value that is not finite is sent as text (JSON has no NaN) and makes the job fail with ``non_finite``.
    """
    emit("metric", step=step, values={name: _number(value) for name, value in values.items()})


def log_progress(done: float, total: float | None = None, unit: str = "steps", phase: str = "") -> None:
    """Report how far the running cell is: ``done`` of ``total`` units; a total of ``None`` is not known yet."""
    emit("progress", done=done, total=total, unit=unit, phase=phase)


def log_note(text: str, level: Literal["info", "warning"] = "info") -> None:
    """Report one sentence that a person should see beside the progress."""
    emit("note", text=text, level=level)


def log_sample(step: int | None, prompt: str, text: str) -> None:
    """Report what the model answers to ``prompt`` at this step, for a person to compare with earlier answers."""
    emit("sample", step=step, prompt=prompt, text=text)


def log_artifact(folder: str | Path, name: str, kind: ArtifactKind, metadata: dict[str, Any] | None = None) -> None:
    """Declare that ``folder``, made with :func:`output_folder`, is an artifact.

    The runner hashes, signs and registers it when the job has succeeded; the kernel itself never sees the key. Raises
    ``InvalidInput`` for a name that it could not have, before anything else is done as if it were stored.
    """
    check_name(name, "artifact name")
    folder = Path(folder)
    if not folder.is_dir():
        raise InvalidInput("not_a_folder", f"{folder} is not a folder.", "Write the artifact's files there first.")
    emit("artifact", folder=str(folder.absolute()), name=name, kind=kind, metadata=metadata or {})


def output_folder(name: str) -> Path:
    """The folder for files this notebook makes: in the job's folder, or below ``./outputs`` outside a job."""
    return _folder("outputs/" + check_member_path(name))


def checkpoint_folder() -> Path:
    """The folder that a resumable template gets back on its next attempt."""
    return _folder("checkpoints")


def run_identity(parameters: Mapping[str, Any]) -> str:
    """A short name that equal parameters share: only a run with exactly these may continue from a checkpoint."""
    canonical = json.dumps(parameters, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def emit(type: str, /, **fields: Any) -> None:
    """Display one event; outside IPython it goes to the ``modelops`` logger."""
    event = {"type": type, "time": time.time(), **fields}
    line = as_text(event)
    shell = _shell()
    if shell is None:
        logging.getLogger("modelops").info("%s", line)
        return
    from IPython.display import publish_display_data

    _pace()
    content = {MIME: {**event, "number": next(_numbers)}, "text/plain": line}
    if type not in _LATEST:
        publish_display_data(content)
        return
    identity = (shell.execution_count, type)
    publish_display_data(
        content, transient={"display_id": f"modelops-{type}-{shell.execution_count}"}, update=identity in _shown
    )
    _shown.add(identity)


def _pace() -> None:
    if len(_sent) == _BURST and (early := _sent[0] + _PERIOD - time.monotonic()) > 0:
        time.sleep(early)
    _sent.append(time.monotonic())


def as_text(event: dict[str, Any]) -> str:
    """An event as one line for a person."""
    match event["type"]:
        case "metric":
            values = "  ".join(
                f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
                for name, value in event["values"].items()
            )
            return values if event.get("step") is None else f"step {event['step']}  {values}"
        case "progress":
            total = "" if event["total"] is None else f" of {event['total']:g}"
            return f"{event['phase']} {event['done']:g}{total} {event['unit']}".strip()
        case "artifact":
            return f"{event['kind']} {event['name']}: {event['folder']}"
        case "input":
            return f"verified {event['ref']}"
        case "sample":
            return f"{event['prompt']} → {event['text']}"
        case "note":
            return str(event["text"])
        case other:
            return str(other)


def _folder(relative: str) -> Path:
    folder = Path(os.environ.get(JOB_FOLDER) or Path.cwd()) / relative
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _number(value: float) -> float | str:
    value = float(value)
    return value if math.isfinite(value) else repr(value)


def _shell() -> Any:
    if "IPython" not in sys.modules:  # a kernel has imported it long before; a plain script need not pay for it
        return None
    from IPython.core.getipython import get_ipython

    return get_ipython()
