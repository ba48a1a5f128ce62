"""Whether the files and folders are there that parameters name."""

from __future__ import annotations

from modelops_server.jobs.readiness.answers import Check, Mend
from modelops_server.jobs.readiness.asked import Context


def missing(context: Context) -> list[Check]:
    """What a parameter of the type ``File`` names and is not there; lists of files are looked at by what reads them."""
    found = []
    for parameter in context.asked.template.parameters:
        path = context.values.get(parameter.name)
        if parameter.reference == "File" and isinstance(path, str) and not (context.asked.folder / path).exists():
            sentence = f"There is no file or folder {path}."
            mend = Mend(sentence=f"Give its path from {context.asked.folder}, or its whole path.")
            found.append(Check(name=parameter.name, status="blocked", sentence=sentence, mend=mend))
    return found
