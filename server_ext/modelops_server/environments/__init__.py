"""Environments: locked sets of packages behind kernelspecs, on top of the packages of ModelOps."""

from __future__ import annotations

from modelops_server.environments.definitions import Definition, definition, definitions
from modelops_server.environments.environment import Environment, State, environment, environments, made_from, usable

__all__ = [
    "Definition",
    "Environment",
    "State",
    "definition",
    "definitions",
    "environment",
    "environments",
    "made_from",
    "usable",
]
