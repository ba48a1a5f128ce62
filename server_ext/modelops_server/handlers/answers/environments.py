"""Answers of ``environments``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from modelops_server.handlers.answers.base import Answer, Digest, Time


class Environment(Answer):
    """A locked set of packages behind a kernel, made or not."""

    name: str
    title: str
    summary: str
    state: Literal["absent", "ready", "outdated", "broken"]
    kernel: str = Field(description="Name of its kernelspec.")
    lock_sha256: Digest = Field(description="Of today's lock file.")
    download: int = Field(description="Bytes to download at most.")
    disk: int = Field(description="Bytes that it takes, as measured when the lock was made.")
    minutes: float = Field(description="How long it took on two processor cores.")
    packages: dict[str, str] = Field(description="What it has of its own, with versions.")
    provides: list[str] = Field(description="Environments in whose place it can be used.")
    created: Time | None
    size: int | None = Field(description="Bytes that it takes here.")


class EnvironmentList(Answer):
    """All environments that can be made, by name."""

    environments: list[Environment]
