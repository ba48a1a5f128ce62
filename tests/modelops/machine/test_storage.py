"""The state home's disk and the privacy of its keys."""

from __future__ import annotations

import pytest

from modelops.machine.storage import disk, keys
from modelops.paths import StateHome


def test_a_state_home_that_does_not_exist_yet_is_judged_by_the_folder_it_will_be_made_in(home: StateHome) -> None:
    finding = next(iter(disk(home)))
    assert str(home.root) in finding.detail
    assert "GB free" in finding.detail
    assert not home.root.exists()


def test_a_state_home_that_is_a_file_is_refused(home: StateHome) -> None:
    home.root.parent.mkdir(exist_ok=True)
    home.root.write_text("")
    finding = next(iter(disk(home)))
    assert (finding.state, finding.blocks) == ("missing", True)
    assert "MODELOPS_HOME" in finding.mend


def test_keys_that_were_not_made_yet_are_no_problem(home: StateHome) -> None:
    assert [finding.state for finding in keys(home)] == ["ok"]


@pytest.mark.parametrize(
    ("folder", "private", "state"), [(0o700, 0o600, "ok"), (0o755, 0o600, "missing"), (0o700, 0o640, "missing")]
)
def test_keys_are_for_their_owner_alone(home: StateHome, folder: int, private: int, state: str) -> None:
    home.keys.mkdir(parents=True)
    (home.keys / "signing.pem").write_text("secret")
    (home.keys / "signing.pub.pem").write_text("public")
    (home.keys / "signing.pub.pem").chmod(0o644)
    (home.keys / "signing.pem").chmod(private)
    home.keys.chmod(folder)
    (finding,) = keys(home)
    assert finding.state == state
    assert ("chmod" in finding.mend) == (state == "missing")
    assert "secret" not in finding.detail


def test_a_private_key_that_is_a_link_is_named(home: StateHome) -> None:
    home.keys.mkdir(parents=True, mode=0o700)
    (home.keys / "signing.pem").symlink_to(home.root / "elsewhere.pem")
    (finding,) = keys(home)
    assert finding.blocks
