"""docs/templates.md says what the code does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

from modelops.templates.metadata import read_metadata
from modelops.templates.parameters import parse_parameters
from modelops.templates.references import REFERENCE_TYPES
from modelops.templates.validation import ProblemCode

PAGE = (Path(__file__).parents[3] / "docs" / "templates.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_its_parameters_cell_is_read_as_it_says_and_runs() -> None:
    cell = blocks("python")[0]
    parameters = {parameter.name: parameter for parameter in parse_parameters(cell)}
    assert parameters["rank"].group == "LoRA"
    assert parameters["dataset"].required
    subprocess.run([sys.executable, "-c", cell], check=True)


def test_its_metadata_block_is_valid() -> None:
    assert read_metadata(json.loads(blocks("json")[0])).kind == "train"


def test_every_code_of_a_refused_value_and_every_reference_type_is_in_it() -> None:
    assert {name for name in {*get_args(ProblemCode), *REFERENCE_TYPES} if f"`{name}`" not in PAGE} == set()
