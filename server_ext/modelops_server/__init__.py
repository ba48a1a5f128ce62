"""ModelOps on a Jupyter server: the job runner, the REST API, endpoints and the command line."""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """What ``jupyter server`` loads; imported only then, so that the command line stays fast."""
    from modelops_server.extension import ModelOpsApp

    return [{"module": "modelops_server", "app": ModelOpsApp}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Where ``jupyter-builder develop`` finds the built front end."""
    return [{"src": "labextension", "dest": "jupyterlab-modelops"}]
