"""GET modelops/api/v1/health."""

from __future__ import annotations

import json
from typing import Any

import pytest

import modelops
from modelops.paths import StateHome

HEALTH = ("modelops", "api", "v1", "health")


async def test_says_that_it_is_well_and_which_version_it_is(jp_fetch: Any, home: StateHome) -> None:
    response = await jp_fetch(*HEALTH)

    assert response.code == 200
    health = json.loads(response.body)
    assert health.pop("free_bytes") > 0
    assert health == {
        "status": "ok",
        "version": modelops.__version__,
        "state_home": str(home.root),
        "state_home_writable": True,
        "disk_full": False,
    }


async def test_asking_leaves_nothing_behind(jp_fetch: Any, home: StateHome) -> None:
    await jp_fetch(*HEALTH)

    assert not home.root.exists()


async def test_says_degraded_when_nothing_can_be_stored(jp_fetch: Any, home: StateHome) -> None:
    home.root.write_text("a file where the state home should be")

    health = json.loads((await jp_fetch(*HEALTH)).body)

    assert health["status"] == "degraded"
    assert health["state_home_writable"] is False


async def test_being_asked_does_not_count_as_activity(jp_fetch: Any, jp_serverapp: Any) -> None:
    before = jp_serverapp.web_app.last_activity()

    await jp_fetch(*HEALTH)

    assert jp_serverapp.web_app.last_activity() == before


class TestWithAConfiguredStateHome:
    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any], home: StateHome) -> dict[str, Any]:
        jp_server_config["ModelOpsApp"]["state_home"] = str(home.root / "elsewhere")
        return jp_server_config

    async def test_server_and_its_children_use_it(self, jp_fetch: Any, home: StateHome) -> None:
        health = json.loads((await jp_fetch(*HEALTH)).body)

        assert health["state_home"] == str(home.root / "elsewhere")
        assert StateHome.default().root == home.root / "elsewhere"
