"""The reference types of a parameters cell: text that names an artifact, one to be made, a file or a secret."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from modelops.errors import InvalidInput
from modelops.names import Reference, check_name

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core.core_schema import CoreSchema

ReferenceName = Literal["Dataset", "Model", "Adapter", "Index", "Name", "File", "Secret"]

_SECRET_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
# Prefixes of tokens of Hugging Face, OpenAI and Anthropic, GitHub, GitLab, Slack and AWS.
_SECRET_VALUE = re.compile(r"(hf_|sk-|gh[pousr]_|github_pat_|glpat-|xox[abps]-|AKIA)[A-Za-z0-9_-]{12,}")


def _artifact(text: str) -> None:
    try:
        Reference.parse(text)
    except InvalidInput as error:
        raise InvalidInput("invalid_reference", error.message, error.hint) from error


def _name(text: str) -> None:
    try:
        check_name(text)
    except InvalidInput as error:
        said = "must be a name: at most 96 lower-case letters, digits, '.', '_' and '-'"
        raise InvalidInput("invalid_reference", said, error.hint) from error


def _file(text: str) -> None:
    if not text.strip() or "\0" in text:
        raise InvalidInput("invalid_reference", "must be the path of a file or folder")


def _secret(text: str) -> None:
    if _SECRET_VALUE.match(text) or not _SECRET_NAME.fullmatch(text):
        # The text is not repeated: it may be the secret itself.
        raise InvalidInput(
            "invalid_secret_name",
            "must be the name of a secret, never its value: letters, digits, '_', '.' and '-', at most 64",
            "Give the name of an environment variable or of a keyring entry.",
        )


@dataclass(frozen=True)
class ReferenceKind:
    """What a text parameter names; pydantic validates the text and marks the JSON Schema with ``x-reference``."""

    name: ReferenceName
    check: Callable[[str], None] = _artifact
    """Raises ``InvalidInput`` for a text that is not written as this kind of reference."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import PydanticCustomError, core_schema

        def checked(text: str) -> str:
            try:
                self.check(text)
            except InvalidInput as error:
                raise PydanticCustomError(error.code, "{reason}", {"reason": error.message.rstrip(".")}) from error
            return text

        return core_schema.no_info_after_validator_function(checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "x-reference": self.name.lower()}


Dataset = Annotated[str, ReferenceKind("Dataset")]
"""A data set in the registry, such as ``support-chats@3``."""
Model = Annotated[str, ReferenceKind("Model")]
"""A model in the registry."""
Adapter = Annotated[str, ReferenceKind("Adapter")]
"""An adapter in the registry."""
Index = Annotated[str, ReferenceKind("Index")]
"""A retrieval index in the registry."""
Name = Annotated[str, ReferenceKind("Name", _name)]
"""What is to be made is registered under this name."""
File = Annotated[str, ReferenceKind("File", _file)]
"""A file or folder, from the folder that the job was started in. The one reference of which there can be a list."""
Secret = Annotated[str, ReferenceKind("Secret", _secret)]
"""The name of an environment variable or keyring entry; the value never enters the notebook."""

REFERENCE_TYPES: dict[str, Any] = {
    "Dataset": Dataset,
    "Model": Model,
    "Adapter": Adapter,
    "Index": Index,
    "Name": Name,
    "File": File,
    "Secret": Secret,
}
