"""Values of parameters from a YAML or JSON file (``-f params.yaml``)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from modelops.errors import InvalidInput

MAX_FILE = 1_000_000
"""Bytes; larger input belongs into a data set."""


def read_values(path: Path) -> dict[str, Any]:
    """The mapping of parameter names to values in a file; ``Template.validate`` still checks them.

    Raises ``InvalidInput`` (``invalid_values_file``) if it is no such file.
    """
    import yaml

    try:
        if path.stat().st_size > MAX_FILE:
            raise _invalid(path, f"has more than {MAX_FILE:,} bytes")
        values = yaml.load(path.read_text(encoding="utf-8"), Loader=_loader())  # noqa: S506 - built on SafeLoader
    except OSError as error:
        raise _invalid(path, f"cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError):
        raise _invalid(path, "is not a YAML or JSON document") from None
    except yaml.YAMLError as error:
        raise _invalid(path, " ".join(f"is not a YAML or JSON document: {error}".split())[:300]) from None
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise _invalid(path, "does not map parameter names to values")
    return values


def _loader() -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """YAML's safe loader, which also reads ``1e-3`` as a number (YAML 1.1 takes it as text) and no key twice."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            names = [key.value for key, _ in node.value]
            if twice := next((name for name in names if names.count(name) > 1), None):
                raise yaml.constructor.ConstructorError(None, None, f"{twice!r} is given twice", node.start_mark)
            return super().construct_mapping(node, deep)

    Loader.add_implicit_resolver(
        "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
    )
    return Loader


def _invalid(path: Path, reason: str) -> InvalidInput:
    return InvalidInput(
        "invalid_values_file",
        f"{path.name} {reason}.",
        "Write one parameter in a line, such as `learning_rate: 2e-4`.",
        file=str(path),
    )
