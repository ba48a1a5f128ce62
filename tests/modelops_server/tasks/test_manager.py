"""The tasks of one server: started, listed, limited, forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from modelops.errors import NotFound, Unavailable
from modelops.paths import StateHome
from modelops_server.tasks import Task, TaskManager, TaskState, manager

LIST = ("artifacts", "list", "--json")


@pytest.fixture
def managed(home: StateHome) -> Callable[[Callable[[TaskManager], Coroutine[Any, Any, Any]]], Any]:
    """Runs something with a manager on an event loop."""

    def run(work: Callable[[TaskManager], Coroutine[Any, Any, Any]]) -> Any:
        async def main() -> Any:
            tasks = TaskManager(home)
            try:
                return await work(tasks)
            finally:
                await tasks.stop()

        return asyncio.run(main())

    return run


async def ended(tasks: TaskManager, task: Task) -> Task:
    for _ in range(6000):
        if tasks.get(task.id).state is not TaskState.RUNNING:
            break
        await asyncio.sleep(0.01)
    return tasks.get(task.id)


def test_a_task_ends_with_what_its_command_printed(managed: Any) -> None:
    async def work(tasks: TaskManager) -> Task:
        return await ended(tasks, tasks.start("add-model", "base", *LIST))

    task = managed(work)

    assert (task.state, task.result, task.problem) == (TaskState.SUCCEEDED, [], None)
    assert task.created <= task.finished


def test_a_task_that_fails_keeps_the_reason(managed: Any) -> None:
    async def work(tasks: TaskManager) -> Task:
        return await ended(tasks, tasks.start("add-model", "base", "artifacts", "show", "no-such", "--json"))

    task = managed(work)

    assert (task.state, task.as_json()["problem"]["code"]) == (TaskState.FAILED, "artifact_not_found")


def test_more_than_the_limit_are_refused_and_stopping_ends_all(managed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manager, "MOST_RUNNING", 1)

    async def work(tasks: TaskManager) -> list[Task]:
        tasks.start("add-dataset", "a", "datasets", "make-pydoc", "--json")
        with pytest.raises(Unavailable) as refusal:
            tasks.start("add-dataset", "b", *LIST)
        assert refusal.value.code == "too_many_tasks"
        await tasks.stop()
        return tasks.list()

    assert [task.state for task in managed(work)] == [TaskState.CANCELLED]


def test_the_oldest_that_have_ended_are_forgotten(managed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manager, "MOST_KEPT", 1)

    async def work(tasks: TaskManager) -> list[str]:
        names = []
        for name in ("a", "b", "c"):
            await ended(tasks, tasks.start("add-model", name, *LIST))
        tasks.start("add-model", "d", *LIST)
        names = [task.name for task in tasks.list()]
        with pytest.raises(NotFound):
            tasks.get("task-0")
        return names

    assert managed(work) == ["d", "c"]
