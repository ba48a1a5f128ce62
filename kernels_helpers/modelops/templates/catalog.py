"""Where templates are found, and which one a name means."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelops.errors import InvalidInput, ModelOpsError, NotFound
from modelops.paths import StateHome, checkout
from modelops.templates.template import Template, load_template, template_name


@dataclass(frozen=True)
class Entry:
    """One notebook in the catalog: a template, or the error that says why it is none."""

    name: str
    path: Path
    template: Template | None
    error: ModelOpsError | None
    shadowed_by: Path | None = None
    """The notebook of the same name that was found first; this one can be run by its path."""

    def as_json(self) -> dict[str, Any]:
        """The entry as JSON: what its template says, without the schema, or why it is none."""
        facts = self.template.as_json() if self.template else {"name": self.name, "path": str(self.path)}
        facts.pop("schema", None)
        return {
            **facts,
            "error": self.error.as_json() if self.error else None,
            "shadowed_by": str(self.shadowed_by) if self.shadowed_by else None,
        }


class Catalog:
    """The templates of this installation and of the user.

    Folders are searched in this order, and the first notebook of a name has it: the repository's ``templates``, the
    folders of ``jupyter --paths`` below ``modelops/templates``, and the state home's ``templates``. So ``sft`` means
    the same notebook for everyone; a user's variant needs a name of its own, or is run by its path.
    """

    def __init__(self, home: StateHome | None = None) -> None:
        self.home = home or StateHome.default()

    def folders(self) -> list[Path]:
        """The folders that are searched, first the one that wins; they need not exist."""
        from jupyter_core.paths import jupyter_path

        root = checkout()
        repository = [root / "templates"] if root else []
        # By default the user's folder is also one of Jupyter's, and there it would come first.
        shared = [
            folder for path in jupyter_path("modelops", "templates") if (folder := Path(path)) != self.home.templates
        ]
        return list(dict.fromkeys([*repository, *shared, self.home.templates]))

    def entries(self) -> list[Entry]:
        """Every notebook of the folders, broken and shadowed ones too, by name."""
        taken: dict[str, Path] = {}
        entries = []
        for path in self._notebooks():
            name = template_name(path)
            first = taken.setdefault(name, path)
            template, error = _load(path)
            entries.append(Entry(name, path, template, error, None if first == path else first))
        return sorted(entries, key=lambda entry: entry.name)

    def templates(self) -> list[Template]:
        """The templates that can be run by name."""
        return [entry.template for entry in self.entries() if entry.template and not entry.shadowed_by]

    def holds(self, path: Path) -> bool:
        """Whether a notebook lies in one of the folders, so that it may be named."""
        return path.absolute().parent in self.folders()

    def find(self, name_or_path: str) -> Template:
        """The template of a name, or of a path that ends in ``.ipynb`` or contains ``/``.

        Raises ``NotFound``, or the error that says why the notebook is no template.
        """
        if not name_or_path or "\0" in name_or_path:
            raise InvalidInput("invalid_name", f"{name_or_path[:100]!r} names no template.", "Give a name or a path.")
        if name_or_path.endswith(".ipynb") or "/" in name_or_path:
            return load_template(name_or_path)
        names = []
        for path in self._notebooks():
            if template_name(path) == name_or_path:
                return load_template(path)
            names.append(template_name(path))
        near = difflib.get_close_matches(name_or_path[:100], names, n=1)
        raise NotFound(
            "template_not_found",
            f"There is no template named {name_or_path[:100]!r}.",
            f"Did you mean {near[0]}?"
            if near
            else "`modelops templates list` shows them; a notebook is given by its path.",
        )

    def _notebooks(self) -> list[Path]:
        return [path for folder in self.folders() if folder.is_dir() for path in sorted(folder.glob("[!.]*.ipynb"))]


def find_template(name_or_path: str, home: StateHome | None = None) -> Template:
    """The template of a name in the catalog, or of a notebook's path; raises ``NotFound`` or ``InvalidInput``."""
    return Catalog(home).find(name_or_path)


def list_templates(home: StateHome | None = None) -> list[Template]:
    """The templates that can be run by name; ``Catalog(home).entries()`` also tells of broken notebooks."""
    return Catalog(home).templates()


def _load(path: Path) -> tuple[Template | None, ModelOpsError | None]:
    try:
        return load_template(path), None
    except ModelOpsError as error:
        return None, error
