"""Environments: made whole or not at all, and looked at with care."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager

from modelops.errors import Conflict, InvalidInput, NotFound, Unavailable
from modelops.paths import StateHome
from modelops_server.environments import Environment, State, definitions, environment, made_from, usable
from modelops_server.environments.creation import create, remove

Lock = Callable[..., Path]


def silently(_: str) -> None:
    """Progress that nobody follows."""


@pytest.fixture
def small(home: StateHome, lock: Lock) -> Environment:
    """An environment that was made."""
    lock()
    made = environment(home, "small")
    create(made, silently)
    return made


def left_nothing(made: Environment) -> bool:
    return not made.folder.exists() and made.definition.kernel not in KernelSpecManager().find_kernel_specs()


def test_it_has_what_its_lock_says_on_top_of_the_packages_of_modelops(small: Environment) -> None:
    code = "import greeting, modelops, pydantic, sys; print(greeting.WORD, sys.prefix)"
    printed = subprocess.run([small.python, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed.split() == ["hello", str(small.folder)]
    assert [path.name for path in (small.share / "tool").iterdir()] == ["convert.py"]
    assert small.state is State.READY
    assert small.problems() == []
    assert made_from(small.python) == ("small", small.definition.sha256)


def test_an_isolated_one_sees_of_the_host_only_what_its_lock_names(home: StateHome, lock: Lock) -> None:
    lock(extra='isolated = true\nhost = ["pyyaml"]', imports='["greeting", "yaml"]')
    made = environment(home, "small")

    create(made, silently)

    assert made.problems() == []
    code = "import yaml, sys; print(yaml.__file__); import pydantic"
    tried = subprocess.run([made.python, "-c", code], capture_output=True, text=True, check=False)
    assert tried.stdout.startswith(str(made.folder))
    assert "No module named 'pydantic'" in tried.stderr


def test_its_kernel_is_registered_for_every_jupyter_application(small: Environment) -> None:
    spec = KernelSpecManager().get_kernel_spec("modelops-small")

    assert spec.argv[0] == str(small.python)
    assert spec.display_name == "ModelOps: Small"


def test_it_is_not_made_twice_unless_that_is_asked_for(small: Environment) -> None:
    (small.packages / "greeting.py").unlink()
    assert small.problems() == ["import greeting: ModuleNotFoundError: No module named 'greeting'"]

    with pytest.raises(Conflict, match="is there"):
        create(small, silently)
    create(small, silently, again=True)

    assert small.problems() == []


def test_a_package_of_another_version_and_a_lost_file_are_found(small: Environment) -> None:
    (small.packages / "greeting-1.0.dist-info" / "METADATA").write_text("Name: greeting\nVersion: 1.1\n")
    (small.share / "tool" / "convert.py").unlink()

    assert small.problems() == ["greeting is 1.1, not 1.0", "no file share/tool/*.py"]


def test_a_file_with_another_hash_is_refused_and_nothing_is_left(home: StateHome, lock: Lock) -> None:
    lock(digest="0" * 64)
    made = environment(home, "small")

    with pytest.raises(Unavailable, match=r"Installing greeting 1\.0 failed") as failed:
        create(made, silently)

    assert failed.value.code == "environment_failed"
    assert any("DO NOT MATCH THE HASHES" in line for line in failed.value.details["output"])
    assert left_nothing(made)


def test_one_that_does_not_work_is_not_kept(home: StateHome, lock: Lock) -> None:
    lock(imports='["farewell"]')
    made = environment(home, "small")

    with pytest.raises(Unavailable, match="No module named 'farewell'"):
        create(made, silently)

    assert left_nothing(made)


def test_a_creation_that_is_interrupted_leaves_nothing(home: StateHome, lock: Lock) -> None:
    lock()
    made = environment(home, "small")

    def interrupt(step: str) -> None:
        if step.startswith("Installing"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        create(made, interrupt)

    assert left_nothing(made)


def test_two_are_not_made_at_once(home: StateHome, lock: Lock) -> None:
    lock()
    made = environment(home, "small")

    def another(_: str) -> None:
        with pytest.raises(Unavailable, match="is being made or removed"):
            create(made, silently)

    create(made, another)

    assert made.state is State.READY


def test_one_that_a_killed_creation_left_is_broken_and_can_be_made(home: StateHome, lock: Lock) -> None:
    lock()
    made = environment(home, "small")
    made.folder.mkdir(parents=True)
    (made.folder / "pyvenv.cfg").touch()
    assert made.state is State.BROKEN

    create(made, silently)

    assert made.state is State.READY


def test_one_whose_lock_has_changed_is_outdated(small: Environment, home: StateHome, lock: Lock) -> None:
    lock(extra="tools = []")

    now = environment(home, "small")

    assert now.state is State.OUTDATED
    with pytest.raises(Unavailable, match="made from an older lock file"):
        now.require()


def test_one_whose_kernel_is_gone_is_broken(small: Environment) -> None:
    KernelSpecManager().remove_kernel_spec(small.definition.kernel)

    assert small.state is State.BROKEN


def test_removing_leaves_nothing_and_says_what_is_free(small: Environment) -> None:
    assert remove(small) > 0
    assert left_nothing(small)
    assert small.state is State.ABSENT


def test_the_kernel_of_another_state_home_stays(small: Environment, tmp_path: Path, lock: Lock) -> None:
    other = Environment(StateHome(tmp_path / "other"), small.definition)

    assert other.state is State.ABSENT
    remove(other)

    assert small.state is State.READY


def test_an_environment_that_has_all_of_another_is_used_in_its_place(small: Environment, home: StateHome) -> None:
    text = (home.locks / "small.toml").read_text()
    (home.locks / "plain.toml").write_text(text)
    with pytest.raises(Unavailable, match=r"'plain'.* is not there"):
        usable(home, "plain")

    (home.locks / "small.toml").write_text(f'provides = ["plain"]\n{text}')
    create(environment(home, "small"), silently)

    assert usable(home, "plain").name == "small"


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        ('host = ["torch>=99"]', "host_packages_missing"),
        ('tools = ["no-such-compiler"]', "build_tools_missing"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_downloaded(
    home: StateHome, lock: Lock, extra: str, code: str
) -> None:
    lock(extra=extra)
    made = environment(home, "small")
    steps: list[str] = []

    with pytest.raises(Unavailable) as refused:
        create(made, steps.append)

    assert (refused.value.code, steps) == (code, [])


def test_one_for_which_there_is_no_space_is_refused_before_anything_is_downloaded(home: StateHome, lock: Lock) -> None:
    path = lock()
    path.write_text(path.read_text().replace("disk = 1000", "disk = 10_000_000_000_000"))

    with pytest.raises(Unavailable, match="takes 10 TB while it is made"):
        create(environment(home, "small"), silently)


@pytest.mark.parametrize("change", ["title = 3", "[[package]]\nname = 'x'", "no toml", 'host = ["a b"]'])
def test_a_lock_file_that_is_wrong_is_refused_by_name(home: StateHome, lock: Lock, change: str) -> None:
    path = lock()
    path.write_text(change)

    with pytest.raises(InvalidInput, match=r"small\.toml does not describe an environment"):
        definitions(home)


def test_a_path_that_leaves_the_archive_is_refused(home: StateHome, lock: Lock) -> None:
    path = lock()
    path.write_text(path.read_text().replace("vendor/tool/*.py", "../*"))

    with pytest.raises(InvalidInput, match="inside of the archive"):
        definitions(home)


def test_an_unknown_name_is_answered_with_those_there_are(home: StateHome) -> None:
    with pytest.raises(NotFound) as unknown:
        environment(home, "nope")

    assert "llamacpp" in unknown.value.hint


def test_every_environment_that_is_shipped_is_described(home: StateHome) -> None:
    for name, found in definitions(home).items():
        assert found.kernel == f"modelops-{name}"
        assert found.lock.summary.endswith(".")
        assert set(found.lock.provides) <= set(definitions(home))
