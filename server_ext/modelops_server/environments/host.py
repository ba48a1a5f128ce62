"""What an environment uses of the packages that ModelOps is installed with: all of them, or those that it names."""

from __future__ import annotations

import sys
from importlib.metadata import distribution
from pathlib import Path

from modelops_server.environments.environment import Environment

_HOST = "zz-host-packages.pth"
"""Comes last by its name: the environment's own packages win over those that it stands on."""


def stand_on_host(environment: Environment) -> None:
    """Let it import whatever ModelOps can."""
    hosts = [folder for folder in sys.path if Path(folder).name in {"site-packages", "dist-packages"}]
    lines = [f"import site; site.addsitedir({folder!r})\n" for folder in hosts]
    (environment.packages / _HOST).write_text("".join(lines))


def link_host(environment: Environment) -> None:
    """Link the packages that its lock names under ``host``, and nothing else of the host."""
    for need in environment.definition.host:
        found = distribution(need.name)
        tops = {file.parts[0] for file in found.files or () if file.parts[0] != ".." and not file.is_absolute()}
        for top in sorted(tops - {"__pycache__"}):
            target = environment.packages / top
            if not target.exists():
                target.symlink_to(Path(str(found.locate_file(top))))
