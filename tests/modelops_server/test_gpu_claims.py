"""The table of who holds which GPU, with real processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelops.errors import Unavailable
from modelops.paths import StateHome
from modelops_server.gpu_claims import claim, claiming, claims, gpu_names
from modelops_server.processes import Identity


@pytest.fixture
def holder() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing but live."""
    process = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    yield process
    process.kill()
    process.wait()


def identity(process: subprocess.Popen[bytes]) -> Identity:
    found = Identity.of(process.pid)
    assert found is not None
    return found


def test_a_claim_lasts_as_long_as_its_holder(home: StateHome, holder: subprocess.Popen[bytes]) -> None:
    with claiming(home):
        claim(home, ["GPU-a", "GPU-b"], "endpoint", "bots", identity(holder))
        claim(home, ["GPU-c"], "job", "sft-1", Identity.mine())

    assert {gpu: held.holder for gpu, held in claims(home).items()} == {
        "GPU-a": "endpoint bots",
        "GPU-b": "endpoint bots",
        "GPU-c": "job sft-1",
    }
    holder.kill()
    holder.wait()
    assert list(claims(home)) == ["GPU-c"]


def test_what_is_handed_over_has_one_holder(home: StateHome, holder: subprocess.Popen[bytes]) -> None:
    with claiming(home):
        claim(home, ["GPU-a"], "job", "sft-1", Identity.mine())
        claim(home, ["GPU-a"], "job", "sft-1", identity(holder))

    assert [held.process for held in claims(home).values()] == [identity(holder)]


@pytest.mark.parametrize("content", ["", "[{}]", '{"gpu": 1}', '[{"gpu": "GPU-a"}]'])
def test_a_damaged_table_is_not_taken_for_an_empty_one(home: StateHome, content: str) -> None:
    home.root.mkdir()
    Path(home.root, "gpus.json").write_text(content)

    with pytest.raises(Unavailable) as refusal:
        claims(home)

    assert refusal.value.code == "gpu_claims_damaged"


def test_gpus_can_be_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert gpu_names() == ()
    assert gpu_names(2) == ("0", "1")
    monkeypatch.setenv("MODELOPS_GPUS", "1")
    assert gpu_names() == ("0",)
