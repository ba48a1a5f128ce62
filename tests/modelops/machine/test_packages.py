"""The packages of each feature, told from metadata and never by importing them."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from modelops.machine.packages import FEATURES, declared, declared_by_distribution, extras, installed, satisfied

METADATA = """Metadata-Version: 2.4
Name: jupyterlab-modelops
Version: 9.9
Provides-Extra: train
Provides-Extra: all
Requires-Dist: click>=8
Requires-Dist: no-such-distribution-anywhere; sys_platform == "never"
Requires-Dist: torch>=2; extra == "train"
Requires-Dist: jupyterlab-modelops[train]; extra == "all"
"""


def test_every_feature_is_declared_by_the_project() -> None:
    assert set(FEATURES) <= set(declared())


def test_a_wheels_metadata_tells_the_base_from_the_extras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "jupyterlab_modelops-9.9.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(METADATA)
    monkeypatch.syspath_prepend(str(tmp_path))
    found = {extra: [need.name for need in needs] for extra, needs in declared_by_distribution().items()}
    assert found == {"": ["click"], "train": ["torch"], "all": []}


@pytest.mark.parametrize(
    ("requirement", "version", "met"),
    [
        ("torch>=2.8", "2.13.0+cpu", True),
        ("torch>=2.8", "2.7.1", False),
        ("torch>=2.8", None, False),
        ("transformers>=5,<5.18", "5.18.0", False),
        ("click", "8.2.0rc1", True),
    ],
)
def test_an_installed_version_meets_a_requirement_or_not(requirement: str, version: str | None, met: bool) -> None:
    assert satisfied(Requirement(requirement), version) is met


def test_what_is_not_installed_has_no_version() -> None:
    assert installed("no-such-distribution-anywhere") is None
    assert installed("click")


def test_the_base_is_complete_where_this_runs_and_what_is_missing_comes_with_its_command() -> None:
    findings = {finding.name: finding for finding in extras()}
    assert findings["base"].state == "ok"
    assert all(("pip install" in finding.mend) == (finding.state != "ok") for finding in findings.values())
