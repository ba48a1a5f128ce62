"""How large the front end's production build is, gzipped: all that our extension ships, whenever it is loaded."""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path

TARGET = 600_000
"""Bytes that all scripts and styles of the extension may have, gzipped."""

ROOT = Path(__file__).parents[1]

BUILT = ROOT / "server_ext/modelops_server/labextension"

SHIPPED = {".js", ".css"}
"""What a browser loads; source maps and licences stay on the server."""


def build() -> None:
    """Make the production build, in place of what was built before."""
    scripts = sysconfig.get_path("scripts")
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
    jlpm = shutil.which("jlpm", path=environment["PATH"]) or "jlpm"
    with tempfile.TemporaryFile() as log:
        done = subprocess.run([jlpm, "build:prod"], cwd=ROOT, env=environment, stdout=log, stderr=log, check=False)
        if done.returncode:
            log.seek(0)
            raise SystemExit(log.read().decode())


def measure() -> dict[str, int]:
    """Bytes of each shipped file as a server compresses it (gzip, level 6), by its path."""
    files = sorted(path for path in (BUILT / "static").rglob("*") if path.suffix in SHIPPED)
    return {path.relative_to(BUILT).as_posix(): len(gzip.compress(path.read_bytes(), 6, mtime=0)) for path in files}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--as-built", action="store_true", help="measure what is there instead of building it first")
    options = parser.parse_args()
    if not options.as_built:
        build()
    sizes = measure()
    total = sum(sizes.values())
    met = 0 < total <= TARGET
    targets = {"bundle_bytes": {"value": total, "target": f"<= {TARGET}", "met": met}}
    if options.json:
        print(json.dumps({"files": sizes, "targets": targets}, indent=2))
        return
    for path, size in sorted(sizes.items(), key=lambda item: -item[1])[:12]:
        print(f"{size / 1000:>8.1f} kB  {path}")
    print(f"{total / 1000:>8.1f} kB  in {len(sizes)} files")
    print(f"within {TARGET / 1000:.0f} kB: {'met' if met else 'missed'}")


if __name__ == "__main__":
    main()
