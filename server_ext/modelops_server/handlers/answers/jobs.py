"""Answers of ``jobs``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from modelops_server.handlers.answers.base import Answer, ComparedValue, Time

# Written out: that a state was added to the queue is something that readers of the API have to be told.
JobState = TypeAliasType(
    "JobState",
    Literal["queued", "starting", "running", "finalizing", "succeeded", "failed", "cancelled", "interrupted"],
)


class Reason(Answer):
    """Why a job or an attempt ended as it did."""

    code: str = Field(description="Stable, for programs, such as `cell_error` or `out_of_memory`.")
    message: str
    hint: str
    details: dict[str, Any]


class JobResources(Answer):
    """What a job holds while it runs."""

    cpus: float
    gpus: int | None = Field(description="`null`: one, where the machine has any.")
    memory: int


class Job(Answer):
    """One request to execute a notebook."""

    id: str
    name: str
    template: str
    executor: str
    state: JobState
    reason: Reason | None
    artifacts: list[str] = Field(description="References of what it made.")
    attempt: int = Field(description="The number of its latest attempt; 0 before the first.")
    submitted: Time
    started: Time | None
    finished: Time | None
    cancel_requested: bool
    priority: int
    resources: JobResources
    retries_left: int
    retry_of: str | None = Field(description="The job that it repeats.")
    gpus: list[str]
    peak_memory: int | None
    folder: str


class JobProgress(Answer):
    """How far the work is that the job does just now."""

    phase: str
    done: float
    total: float | None
    unit: str
    seconds_left: float | None


class ListedJob(Job):
    """A job with a glance at how far it is: its progress while it runs, its metrics from its start on."""

    progress: JobProgress | None
    latest: dict[str, float] | None = Field(description="The last value of each metric.")


class JobList(Answer):
    """One page of the jobs that were asked for, and how many there are in all."""

    jobs: list[ListedJob]
    total: int


class Attempt(Answer):
    """One execution of a job."""

    attempt: int
    outcome: JobState | None
    reason: Reason | None
    started: Time
    finished: Time | None
    peak_memory: int | None
    gpus: list[str]


class Proposal(Answer):
    """One way to try again; without parameters and options: as it was."""

    sentence: str
    parameters: dict[str, Any]
    options: dict[str, Any] = Field(description="Limits of the job, named as in a submission.")


class JobDetail(Job):
    """A job with what it was given and what it waits for."""

    ahead: int = Field(description="Queued jobs that come before it.")
    needs: list[str] = Field(description="Jobs that it waits for.")
    attempts: list[Attempt]
    proposals: list[Proposal] = Field(description="What to change when it is tried again, the likeliest to help first.")
    parameters: dict[str, Any] = Field(description="As submitted, defaults included; a secret is its name.")
    template_title: str
    notebook: str | None = Field(description="Path of the notebook, where one was submitted and not a template.")
    resumable: bool


class JobComparison(Answer):
    """Two to eight jobs side by side, in the order in which they were asked for."""

    jobs: list[Job]
    parameters: list[ComparedValue]
    inputs: list[ComparedValue]
    environment: list[ComparedValue] | None = Field(
        description="Packages of which the versions differ; `null` while those of one job are not known."
    )
    metrics: dict[str, list[list[tuple[float, float | None]]]] = Field(
        description="For each metric and each job the points [step, value]; at most 2,000 a curve."
    )
