"""Files in and out: paths of requests confined to the server's root folder, and files sent piece by piece."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from modelops.errors import InvalidInput
from modelops.files import CHUNK
from modelops_server.handlers.base import ModelOpsHandler

SANDBOX = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'self'"
)
"""Content security policy of a page that models and data had a part in: nothing in it runs or loads anything."""


def confined(root: str | Path, path: str) -> Path:
    """The file or folder that a request means by ``path``, with every link followed; it need not exist.

    A relative path begins at the server's root folder, and an absolute one has to lie within it. Raises
    ``InvalidInput`` with code ``path_outside`` or ``invalid_path``.
    """
    try:
        folder = Path(root).expanduser().resolve()
        found = (folder / path).resolve()
    except (OSError, ValueError, RuntimeError) as error:  # a NUL, a name that is too long, a loop of links
        raise InvalidInput("invalid_path", f"{path[:200]!r} is not a path.", "Choose a file.") from error
    if not found.is_relative_to(folder):
        raise InvalidInput(
            "path_outside",
            f"{path[:200]!r} is not below the folder that this server shows.",
            "Move it there, or upload it.",
            path=path[:200],
        )
    return found


class FileHandler(ModelOpsHandler):
    """Sends files."""

    def confined(self, path: str) -> Path:
        """See :func:`confined`."""
        return confined(self.settings["server_root_dir"], path)

    def relative(self, path: Path) -> str:
        """A confined path as requests write it."""
        return path.relative_to(Path(self.settings["server_root_dir"]).expanduser().resolve()).as_posix()

    async def send_file(self, path: Path, media: str, *, attachment: str | None = None) -> None:
        """Send a file's content as it is now, to be saved as ``attachment`` if given; it is never held in memory."""
        loop = asyncio.get_running_loop()
        with await loop.run_in_executor(None, path.open, "rb") as stream:
            if attachment is not None:
                self.set_attachment_header(attachment)
                self.set_header("Content-Security-Policy", SANDBOX)
            self.set_header("Content-Type", media)
            self.set_header("Content-Length", os.fstat(stream.fileno()).st_size)
            while piece := await loop.run_in_executor(None, stream.read, CHUNK):
                self.write(piece)
                await self.flush()
        self.finish(set_content_type=media)
