"""Whose turn it is, and who has sent too much."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from modelops_server.endpoints.gateway import turns
from modelops_server.endpoints.gateway.turns import Rates, Turns
from modelops_server.endpoints.refusals import TooManyRequests


async def hold(line: Turns, order: list[int], number: int, leave: asyncio.Event) -> None:
    async with line.taken(5):
        order.append(number)
        await leave.wait()


class TestTurns:
    def test_are_given_first_come_first_served(self) -> None:
        async def run() -> list[int]:
            line, order, leave = Turns(1, 10), [], asyncio.Event()
            waiting = []
            for number in range(4):
                waiting.append(asyncio.create_task(hold(line, order, number, leave)))
                await asyncio.sleep(0)
            assert (line.running, line.waiting) == (1, 3)
            leave.set()
            await asyncio.gather(*waiting)
            assert (line.running, line.waiting) == (0, 0)
            return order

        assert asyncio.run(run()) == [0, 1, 2, 3]

    def test_are_refused_where_too_many_wait(self) -> None:
        async def run() -> int:
            line, leave = Turns(2, 3), asyncio.Event()
            tasks = [asyncio.create_task(hold(line, [], number, leave)) for number in range(20)]
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            leave.set()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            return sum(isinstance(result, TooManyRequests) for result in results)

        assert asyncio.run(run()) == 15

    def test_end_the_patience_of_who_waits_too_long(self) -> None:
        async def run() -> None:
            line, leave = Turns(1, 3), asyncio.Event()
            first = asyncio.create_task(hold(line, [], 0, leave))
            await asyncio.sleep(0)
            with pytest.raises(TooManyRequests, match="has waited"):
                async with line.taken(0.01):
                    pass
            leave.set()
            await first
            async with line.taken(0.01):
                assert line.running == 1

        asyncio.run(run())

    def test_are_free_again_when_who_waits_gives_up(self) -> None:
        async def run() -> None:
            line, leave = Turns(1, 3), asyncio.Event()
            first = asyncio.create_task(hold(line, [], 0, leave))
            await asyncio.sleep(0)
            second = asyncio.create_task(hold(line, [], 1, leave))
            await asyncio.sleep(0)
            second.cancel()
            await asyncio.gather(second, return_exceptions=True)
            assert line.waiting == 0
            leave.set()
            await first
            assert line.running == 0

        asyncio.run(run())


class TestRates:
    def test_count_for_each_caller(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = [100.0]
        monkeypatch.setattr(turns.time, "monotonic", lambda: now[0])
        rates = Rates(3)
        for _ in range(3):
            rates.take("ada")
        with pytest.raises(TooManyRequests) as refused:
            rates.take("ada")
        rates.take("grace")
        assert refused.value.retry_after == 20
        now[0] += 20
        rates.take("ada")
        with pytest.raises(TooManyRequests):
            rates.take("ada")

    def test_are_not_counted_where_there_is_no_limit(self) -> None:
        rates: Any = Rates(0)
        for _ in range(10_000):
            rates.take("ada")
