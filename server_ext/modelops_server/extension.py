"""The Jupyter Server extension: configuration and wiring."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_server.extension.application import ExtensionApp
from traitlets import Unicode

import modelops
from modelops.paths import StateHome
from modelops_server.handlers import ROUTES


class ModelOpsApp(ExtensionApp):
    """Serves ModelOps' REST API below ``modelops/api/v1/``."""

    name = "modelops"
    description = "Train, evaluate, quantize, index and serve language models in notebooks."
    load_other_extensions = True

    state_home = Unicode(
        "",
        help="""The folder with all state: registry, keys, jobs and templates.

        Empty means $MODELOPS_HOME, or the folder `modelops` in Jupyter's data folder. When set, the server's kernels
        and job runners use the same folder.""",
    ).tag(config=True)

    def initialize_settings(self) -> None:
        """Resolve the state home and hand it to the handlers; nothing is created."""
        if self.state_home:
            os.environ["MODELOPS_HOME"] = str(Path(self.state_home).expanduser().absolute())
        home = StateHome.default()
        self.settings["modelops_home"] = home
        self.log.info("ModelOps %s keeps its state in %s", modelops.__version__, home.root)

    def initialize_handlers(self) -> None:
        """Mount the REST API; Jupyter prefixes its base URL."""
        self.handlers.extend(ROUTES)
