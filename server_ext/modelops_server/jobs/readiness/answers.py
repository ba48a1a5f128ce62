"""What is answered to "can this job run here, with these parameters?"; also the shape that the API promises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Status = Literal["ok", "warning", "blocked", "unknown"]


class _Answer(BaseModel):
    """An object of which every field is named here."""

    model_config = ConfigDict(extra="forbid")


class Mend(_Answer):
    """What helps: a sentence, and, where a program can do it, what is to be done."""

    sentence: str
    command: str | None = None
    """To copy into a terminal."""
    parameters: dict[str, Any] | None = None
    """Values to change in the form."""
    action: dict[str, Any] | None = None
    """``kind`` and what it needs: ``add-model`` or ``add-dataset`` (``parameter``), ``create-environment``
    (``environment``), ``options`` or ``resources`` (values of the submission), ``ask-again``."""


class Check(_Answer):
    """One thing that was looked at."""

    name: str
    status: Status
    sentence: str
    mend: Mend | None = None


class FieldProblem(_Answer):
    """What is wrong with one parameter's value, as a submission would say it."""

    name: str
    code: str
    message: str


class MemoryEstimate(_Answer):
    """Bytes of memory at the peak, and of what they consist."""

    bytes: int
    total: int
    """What there is in all."""
    error_fraction: float
    """The measured error of such estimates: the worst of those on jobs that they were not fitted to."""
    measured: bool
    """False where the formula was not measured on such hardware: on GPUs."""
    parts: dict[str, int]


class TimeEstimate(_Answer):
    """Seconds from the start to the end."""

    value: float
    low: float
    high: float
    basis: str
    """From what the speed is known."""


class DiskEstimate(_Answer):
    """Bytes of disk that the job will write, and that are free."""

    bytes: int
    free: int


class Estimate(_Answer):
    """What the job will take."""

    memory: MemoryEstimate
    seconds: TimeEstimate | None
    disk: DiskEstimate
    steps: int | None
    rows: int | None
    tokens: int | None
    """Tokens that all steps together train on."""


class DatasetFit(_Answer):
    """How the dataset fits the model and the length limit."""

    rows: int
    sampled: int
    over_length: int
    masked: int
    empty: int
    held_out: str | None
    tokens: int
    learned: int
    packed_rows: int
    histogram: list[dict[str, int]]
    """Lengths of whole rows in tokens, as ``{"from", "to", "rows"}``, ends included."""


class MeasuredBefore(_Answer):
    """What an earlier job measured of what it made of the same model in the same way."""

    ref: str
    perplexity_ratio: float
    """Its perplexity, times that of the model."""
    interval: tuple[float, float] | None
    rejected: bool


class Outlook(_Answer):
    """One way to store the weights of a model, and what would come out."""

    choice: str
    bytes: int
    measured: MeasuredBefore | None


class HeldResources(_Answer):
    """What the job holds while it runs."""

    cpus: float
    gpus: int
    memory: int


class Place(_Answer):
    """Where the job would stand in the queue."""

    ahead: int
    free_now: bool
    """Whether what it holds is free at this moment."""


class Readiness(_Answer):
    """Whether a job can run here with these parameters, why not, and what it will take."""

    ready: bool
    checks: list[Check]
    fields: list[FieldProblem]
    estimate: Estimate | None
    dataset: DatasetFit | None
    outlook: list[Outlook]
    """Of a quantization: what would come out of each choice."""
    resources: HeldResources
    queue: Place
    command: str
    python: str


class Token(_Answer):
    """A token's text, and whether the model learns to write it."""

    text: str
    learned: bool


class PackedRow(_Answer):
    """A row of a batch; ``length`` counts all its tokens, also those that are not shown."""

    tokens: list[Token]
    length: int


class FirstBatch(_Answer):
    """The first packed rows as the model sees them; training takes them in another order."""

    rows: list[PackedRow]
    tokenizer: str
    """The model that it belongs to."""
    truncated: bool
    """Whether rows have more tokens than are shown."""


def ok(name: str, sentence: str) -> Check:
    """All is well."""
    return Check(name=name, status="ok", sentence=sentence)


def changes(sentence: str, parameters: Mapping[str, Any]) -> Mend:
    """A mend by other parameters."""
    return Mend(sentence=sentence, parameters=dict(parameters))
