"""The front end of the widgets: one module of several files, and text alone in what they display."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import modelops.widgets
from modelops.widgets import assets

STATIC = Path(modelops.widgets.__file__).parent / "static"


def test_every_file_is_in_the_module_and_imports_nothing_that_comes_later() -> None:
    seen: set[str] = set()
    for name in assets._MODULES:
        source = (STATIC / f"{name}.js").read_text()
        assert set(re.findall(r"from '\./([a-z]+)\.js'", source)) <= seen
        seen.add(name)

    assert seen == {file.stem for file in STATIC.glob("*.js")}


def test_the_module_has_no_import_and_one_export() -> None:
    source = assets.module()

    assert re.findall(r"^import .*", source, re.MULTILINE) == []
    assert re.findall(r"^export .*", source, re.MULTILINE) == ["export default () => {"]


@pytest.mark.parametrize(
    "way", ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "DOMParser"]
)
def test_nothing_that_is_displayed_is_parsed(way: str) -> None:
    assert way not in assets.module()


def test_decimation_keeps_every_spike() -> None:
    node = shutil.which("node")
    assert node is not None
    program = f"""
        import {{ decimate }} from 'file://{STATIC / "decimation.js"}';
        const points = Array.from({{ length: 10000 }}, (_, at) => [at, at === 4711 ? 99 : Math.sin(at / 50)]);
        const kept = decimate(points, 300);
        console.log(kept.length, Math.max(...kept.map(p => p[1])), kept.every((p, i) => !i || kept[i - 1][0] < p[0]));
        console.log(decimate(points.slice(0, 600), 300).length);
    """

    done = subprocess.run([node, "--input-type=module", "-e", program], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["600", "99", "true", "600"]
