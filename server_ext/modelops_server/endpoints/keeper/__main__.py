"""The keeper process: ``python -m modelops_server.endpoints.keeper STATE_HOME NAME``."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from modelops.paths import StateHome
from modelops_server.endpoints.keeper.keeper import keep
from modelops_server.endpoints.place import Place

if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    logging.getLogger("modelops.endpoint").setLevel(logging.INFO)
    keep(Place.of(StateHome(Path(sys.argv[1])), sys.argv[2]))
