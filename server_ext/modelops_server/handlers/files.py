"""Files in and out: paths of requests confined to the server's root folder, and files sent piece by piece."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from tornado.iostream import StreamClosedError

from modelops.errors import InvalidInput, NotFound
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
        found.exists()  # says so when a name is too long
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

    def existing(self, path: str) -> Path:
        """The same, of what is there; raises ``NotFound`` with code ``file_not_found``."""
        found = self.confined(path)
        if not found.exists():
            raise NotFound("file_not_found", f"There is no file or folder {path[:200]!r}.", "Check the path.")
        return found

    def relative(self, path: Path) -> str:
        """A confined path as requests write it."""
        return path.relative_to(Path(self.settings["server_root_dir"]).expanduser().resolve()).as_posix()

    async def send_file(self, path: Path, media: str, *, attachment: str | None = None) -> None:
        """Send a file's content as it is now, to be saved as ``attachment`` if given."""
        with await self.slowly(path.open, "rb") as stream:
            await self.send(stream, media, attachment=attachment)

    async def send(self, stream: BinaryIO, media: str, *, attachment: str | None = None) -> None:
        """Send what an open file holds, piece by piece: it is never held in memory. Ends when the client goes away."""
        if attachment is not None:
            self.set_attachment_header(attachment)
            self.set_header("Content-Security-Policy", SANDBOX)
        self.set_header("Content-Type", media)
        self.set_header("Content-Length", os.fstat(stream.fileno()).st_size)
        try:
            while piece := await self.slowly(stream.read, CHUNK):
                self.write(piece)
                await self.flush()
        except StreamClosedError:
            return
        self.finish(set_content_type=media)
