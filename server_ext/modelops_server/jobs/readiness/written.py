"""The same job written down: as a command line, and as Python."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from modelops.errors import InvalidInput
from modelops.templates import Template
from modelops_server.jobs.readiness.asked import Asked
from modelops_server.jobs.spec import JobOptions

_FILE = "params.json"


def as_command(asked: Asked) -> str:
    """``modelops run …`` that submits the job, quoted for a shell; only what differs from the defaults is written.

    Values that a ``-p key=value`` cannot carry, such as the text ``none`` where nothing is allowed, too, come from a
    file that the command writes first. Memory that is held without being a limit has no option and is left out.
    """
    template, changed = asked.template, changes(asked)
    texts = {name: _as_text(value) for name, value in changed.items()}
    in_file = {
        name: changed[name] for name, text in texts.items() if not _reads_as(template, name, text, changed[name])
    }
    words = ["modelops", "run", _named(asked)]
    for name, text in texts.items():
        if name not in in_file:
            words += ["-p", f"{name}={text}"]
    words += [word for option, value in _options(asked).items() for word in (option, value)]
    for job in asked.after:
        words += ["--after", job]
    if in_file:
        content = json.dumps(in_file, ensure_ascii=True)
        return f"printf %s {shlex.quote(content)} > {_FILE} && {shlex.join([*words, '-f', _FILE])}"
    return shlex.join(words)


def as_python(asked: Asked) -> str:
    """Python that submits the job through the server that it finds; only what differs from the defaults is written."""
    arguments = [repr(_named(asked))]
    if changed := changes(asked):
        items = "".join(f"        {name!r}: {value!r},\n" for name, value in changed.items())
        arguments.append("{\n" + items + "    }")
    arguments += [f"{name}={value!r}" for name, value in _keywords(asked).items()]
    lines = "".join(f"    {argument},\n" for argument in arguments)
    call = f"client.run(\n{lines})" if len(arguments) > 1 else f"client.run({arguments[0]})"
    return f"import modelops\n\nclient = modelops.Client()\njob = {call}\n"


def changes(asked: Asked) -> dict[str, Any]:
    """The parameters that are not as the template has them, in its order; those it does not know come last."""
    known = {parameter.name: parameter for parameter in asked.template.parameters}
    ordered = [*known, *(name for name in asked.parameters if name not in known)]
    return {
        name: asked.parameters[name]
        for name in ordered
        if name in asked.parameters
        and not (name in known and not known[name].required and _same(asked.parameters[name], known[name].default))
    }


def in_words(change: Mapping[str, Any]) -> str:
    """A change of parameters as people write it: ``method=qlora, max_length=256``."""
    return ", ".join(f"{name}={_as_text(value)}" for name, value in change.items())


def as_options(change: Mapping[str, Any]) -> str:
    """A change of parameters as options of a command line, quoted for a shell."""
    return shlex.join([word for name, value in change.items() for word in ("-p", f"{name}={_as_text(value)}")])


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _named(asked: Asked) -> str:
    return asked.written_as or asked.template.name


def _as_text(value: Any) -> str:
    """A value as ``-p key=value`` writes it."""
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case str():
            return value
        case float():
            return repr(value)
        case _:
            return json.dumps(value)


def _reads_as(template: Template, name: str, text: str, value: Any) -> bool:
    """Whether a text given to the command line becomes the value again."""
    if "\0" in text:
        return False
    try:
        return bool(template.parse_text({name: text}) == {name: value})
    except InvalidInput:
        return True  # the value is wrong, and the command will say so, too


def _options(asked: Asked) -> dict[str, str]:
    """Options of ``modelops run`` with their values as text."""
    options, usual = asked.options, JobOptions()
    resources = dict(asked.resources)
    numbers = {
        "--cpus": resources.get("cpus"),
        "--gpus": resources.get("gpus"),
        "--memory": options.memory,
        "--timeout": options.timeout,
        "--cell-timeout": options.cell_timeout,
        "--start-timeout": options.start_timeout if options.start_timeout != usual.start_timeout else None,
        "--retries": options.retries,
        "--priority": asked.priority or None,
    }
    texts = {
        "--name": asked.name,
        "--executor": asked.executor if asked.executor != "local" else None,
        "--kernel": asked.kernel,
    }
    return {
        **{option: text for option, text in texts.items() if text is not None},
        **{option: _plain(number) for option, number in numbers.items() if number is not None},
    }


def _plain(number: float) -> str:
    """A number without an exponent, which sizes and durations do not have."""
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _keywords(asked: Asked) -> dict[str, Any]:
    """Arguments of ``Client.run`` beside template and parameters."""
    usual = JobOptions()
    limits = {
        name: value
        for name in ("memory", "timeout", "cell_timeout", "start_timeout", "retries")
        if (value := getattr(asked.options, name)) != getattr(usual, name)
    }
    keywords: Mapping[str, Any] = {
        "name": asked.name,
        "executor": asked.executor if asked.executor != "local" else None,
        "kernel": asked.kernel,
        "priority": asked.priority or None,
        "after": list(asked.after) or None,
        "resources": {name: value for name, value in asked.resources.items() if value is not None} or None,
        "options": limits or None,
    }
    return {name: value for name, value in keywords.items() if value is not None}
