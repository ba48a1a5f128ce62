"""Remote models that the server's configuration names, of which one cannot hold: the others and all else work."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from modelops.paths import StateHome

REMOTES = {
    "bad": {"url": "ftp://tgi.example", "model": "tgi"},
    "Not A Name": {"url": "https://tgi.example/v1", "model": "tgi"},
    "good": {"url": "http://127.0.0.1:9/v1", "model": "tgi"},
}


@pytest.fixture
def jp_server_config(home: StateHome) -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"modelops_server": True}},
        "ModelOpsApp": {"state_home": str(home.root), "schedule": False, "remotes": REMOTES},
    }


async def test_the_server_loads_says_which_is_wrong_and_serves_the_others(
    jp_serverapp: Any, jp_base_url: str, http_server_client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    origin = http_server_client.get_url(f"{jp_base_url}modelops/openai/v1/")
    sent = {"Authorization": f"Bearer {jp_serverapp.identity_provider.token}"}

    async with httpx.AsyncClient(base_url=origin, headers=sent, timeout=60) as http:
        listed = await http.get("models")
        looked_up = await http.get("models/bad")
        asked = {name: await http.post("chat/completions", json={"model": name}) for name in REMOTES}

    assert [model["id"] for model in listed.json()["data"]] == ["good"]
    for answer in (looked_up, asked["bad"], asked["Not A Name"]):
        error = answer.json()["error"]
        assert (answer.status_code, error["type"], error["code"]) == (503, "server_error", "invalid_remote")
        assert "ModelOpsApp.remotes" in error["message"]
    # The one that can be asked is: nobody is there.
    assert asked["good"].json()["error"]["code"] == "engine_unavailable"
    said = [record.getMessage() for record in caplog.get_records("setup")]
    assert any("'bad'" in line and "url" in line for line in said)
    assert any("'Not A Name'" in line for line in said)
