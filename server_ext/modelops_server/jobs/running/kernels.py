"""Starting a kernel for an attempt: over a Unix socket, with nothing to read, and bound to the life of its runner."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any

from modelops.errors import NotFound, Unavailable
from modelops_server.processes import die_with_parent

if TYPE_CHECKING:
    from jupyter_client.asynchronous.client import AsyncKernelClient
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

_SOCKET_PATH_LIMIT = 107
"""Longest path of a Unix socket in bytes (``sockaddr_un``)."""

_SUBSCRIBED = 0.2
"""Seconds for the first message to arrive on iopub after the kernel has answered on shell."""

_STEADY_STREAMS = """
def _steady(stream, piece, waiting):
    flush_buffers, schedule_flush = stream._flush_buffers, stream._schedule_flush
    def in_pieces():
        for parent, text in flush_buffers():
            for start in range(0, len(text), piece):
                yield parent, text[start:start + piece]
    def schedule_or_wait():
        schedule_flush()
        with stream._buffer_lock:
            size = sum(buffer.tell() for buffer in stream._buffers.values())
        if size > waiting:
            stream.flush()
    stream._flush_buffers, stream._schedule_flush = in_pieces, schedule_or_wait
def _unbroken(sender, messages, largest):
    import sys, threading, zmq
    schedule, send = sender.schedule, sender._really_send
    def schedule_or_call(function):
        if threading.current_thread() is sender.thread:
            function()
        else:
            schedule(function)
    def send_or_tell(parts, *args, **kwargs):
        size = sum(memoryview(part).nbytes for part in parts)
        if size <= largest:
            send(parts, *args, **kwargs)
        else:
            print(f'[left out: an output of {size:,} bytes]', file=sys.stderr)
    def keep_all():
        sender.socket.setsockopt(zmq.XPUB_NODROP, 1)
        sender.socket.setsockopt(zmq.SNDHWM, messages)
    sender.schedule, sender._really_send = schedule_or_call, send_or_tell
    sender.schedule(keep_all)
def _steady_streams():
    import contextlib, sys
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, '_flush_buffers') and hasattr(stream, '_schedule_flush'):
            _steady(stream, 250_000, 8_000_000)
    _unbroken(get_ipython().kernel.iopub_thread, 100, 125_000_000)
    get_ipython()._tee = lambda channel: contextlib.nullcontext()
_steady_streams()
del _steady, _steady_streams, _unbroken
"""
"""Printing that fills nobody's memory, and of which nothing gets lost.

ipykernel sends what was printed in the last 0.2 s as one message, and that can be hundreds of megabytes; a cell that
prints megabytes without a pause keeps the sending thread from ever taking them; that thread hands what it sends to
itself through a pipe, and waits for ever when the pipe is full; a thousand messages that nobody has read yet wait in
memory, and the next are dropped; and IPython remembers all that was printed. So small pieces are sent, at once, a
hundred may wait for the reader, who prints waits while eight million characters are not taken, an output that no reader
could take is left out by name, and nothing is remembered. It works on methods that no cell replaces: IPython puts
``write`` back when a cell ends.
"""

_EXIT_POLL = 0.01
"""Seconds between two looks whether a kernel that was told to shut down is gone."""


def find_kernel(name: str) -> KernelSpec:
    """The kernelspec called ``name``; raises ``NotFound`` with the names there are."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    manager = KernelSpecManager()
    try:
        return manager.get_kernel_spec(name)
    except NoSuchKernel as error:
        names = sorted(manager.find_kernel_specs())
        raise NotFound(
            "unknown_kernel",
            f"There is no kernel {name!r} on this machine.",
            f"Choose one with --kernel: {', '.join(names)}." if names else "Install one: pip install ipykernel",
            kernels=names,
        ) from error


def kernel_python(spec: KernelSpec) -> str | None:
    """The Python that a kernelspec runs, or ``None`` when it runs something else."""
    if spec.language.lower() != "python" or not spec.argv:
        return None
    # jupyter_client replaces a bare "python" by its own interpreter.
    if spec.argv[0] in {"python", "python3", f"python{sys.version_info[0]}.{sys.version_info[1]}"}:
        return sys.executable
    return shutil.which(spec.argv[0])


def kernel_defaults() -> dict[str, str]:
    """The environment of a job's kernel, but for what belongs to the job."""
    # Threads that wait for each other sleep instead of spinning: on a shared machine spinning takes the very cores away
    # that the others would need to arrive, and halves the speed.
    return {"OMP_WAIT_POLICY": "PASSIVE", **os.environ}


def remove_sockets(label: str) -> None:
    """Remove the socket folders of kernels with this label, whose process died before it could."""
    for folder in Path(tempfile.gettempdir()).glob(f"modelops-{label}-????????"):
        shutil.rmtree(folder, ignore_errors=True)


class Kernel:
    """A kernel process with its manager and client."""

    def __init__(
        self, name: str, environment: Mapping[str, str], working_directory: Path, *, bound: bool, label: str = "kernel"
    ) -> None:
        """``bound`` kernels are killed with the thread that starts them: for a process that exists to run one.

        ``label`` names the folder of its sockets, so that :func:`remove_sockets` finds what a killed process left.
        """
        from jupyter_client.manager import AsyncKernelManager

        from modelops_server.jobs.running.messages import BoundedSession, bounded_context

        self.spec = find_kernel(name)
        self._environment = dict(environment)
        self._working_directory = working_directory
        self._bound = bound
        self.folder = Path(tempfile.mkdtemp(prefix=f"modelops-{label}-"))
        # Between choosing a free TCP port and the kernel's binding it, another process may take it; a socket in a
        # folder of our own has no such race, and no other user can reach it.
        connection = self.folder / "k.json"
        fits = len(os.fsencode(connection)) + 8 < _SOCKET_PATH_LIMIT
        transport = "ipc" if fits and self._is_ipykernel else "tcp"
        self.manager: AsyncKernelManager = AsyncKernelManager(
            kernel_name=name,
            transport=transport,
            connection_file=str(connection),
            context=bounded_context(),
            session=BoundedSession(),
        )
        self._client: AsyncKernelClient | None = None
        self.language_info: dict[str, Any] = {}
        """What the kernel says of its language, once it has started."""

    @property
    def _is_ipykernel(self) -> bool:
        return any("ipykernel" in argument for argument in self.spec.argv)

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The kernel's process while the manager knows it."""
        return getattr(self.manager.provisioner, "process", None)

    async def start(self, patience: float) -> AsyncKernelClient:
        """Start the process, and return its client once it answers.

        Raises ``Unavailable`` when it ends instead, or is silent for ``patience`` seconds.
        """
        options: dict[str, Any] = {"preexec_fn": die_with_parent} if self._bound else {}
        if self._is_ipykernel:
            # No history database: kernels that start together would wait for each other's lock on it.
            options["extra_arguments"] = ["--HistoryManager.hist_file=:memory:"]
        try:
            await self.manager.start_kernel(
                stdin=subprocess.DEVNULL, env=self._environment, cwd=str(self._working_directory), **options
            )
            self._client = client = self.manager.client(context=self.manager.context)
            client.start_channels()
            await self._answer(client, patience)
            if self._is_ipykernel:
                await self.run_silently(_STEADY_STREAMS, patience)
            await self.freeze(patience)
        except (OSError, RuntimeError) as error:
            raise Unavailable(
                "kernel_not_started",
                f"The kernel {self.spec.display_name!r} did not start: {error}.",
                f"Try it by hand: {' '.join(self.spec.argv)}",
            ) from error
        client.allow_stdin = False
        return client

    async def hand_over(self, environment: Mapping[str, str], working_directory: Path) -> AsyncKernelClient:
        """The client of a kernel that has started already, in the environment and folder of the job that gets it.

        Raises ``Unavailable`` when it does not take them.
        """
        changed = {name: value for name, value in environment.items() if self._environment.get(name) != value}
        await self.run_silently(
            f"__import__('os').environ.update({changed!r}); __import__('os').chdir({str(working_directory)!r})"
        )
        if self._client is None:
            raise RuntimeError("hand_over() comes after start()")
        return self._client

    async def run_silently(self, code: str, patience: float = 60.0) -> None:
        """Execute code that leaves no trace: no number, no history, no output; raises ``Unavailable`` if it fails."""
        if self._client is None:
            raise RuntimeError("run_silently() comes after start()")
        request = self._client.execute(code, silent=True, store_history=False)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and self.exit_status() is None:
            with contextlib.suppress(Empty):
                reply = await self._client.get_shell_msg(timeout=1)
                if reply["parent_header"].get("msg_id") == request:
                    if reply["content"]["status"] == "ok":
                        return
                    break
        raise Unavailable("kernel_not_started", f"The kernel {self.spec.display_name!r} could not be prepared.")

    async def freeze(self, patience: float = 60.0) -> None:
        """Spare an ipykernel from looking for garbage among what it has imported so far; it ends much sooner then."""
        if self._is_ipykernel:
            with contextlib.suppress(Unavailable):  # it works all the same
                await self.run_silently("__import__('gc').freeze()", patience)

    async def _answer(self, client: AsyncKernelClient, patience: float) -> None:
        # jupyter_client's wait_for_ready goes on to listen on iopub until it is silent for 0.2 s. Whoever reads from it
        # here tells messages apart by the request that they belong to, so there is nothing to wait for.
        deadline = time.monotonic() + patience
        while True:
            client.kernel_info()
            with contextlib.suppress(Empty):
                reply = await client.get_shell_msg(timeout=1)
                if reply["msg_type"] == "kernel_info_reply":
                    await client.get_iopub_msg(timeout=_SUBSCRIBED)  # the subscription is in place, too
                    self.language_info = reply["content"]["language_info"]
                    return
            if self.exit_status() is not None:
                raise RuntimeError("its process ended before it answered")
            if time.monotonic() > deadline:
                raise RuntimeError(f"it did not answer within {patience:g} seconds")

    def exit_status(self) -> int | None:
        """How the process ended (negative: by which signal), or ``None`` while it lives."""
        return self.process.poll() if self.process is not None else None

    async def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the running cell."""
        if self.manager.has_kernel:
            await self.manager.interrupt_kernel()

    async def kill(self) -> None:
        """End the process at once."""
        if self.manager.has_kernel:
            await self.manager._async_kill_kernel()

    async def shutdown(self, *, gracefully: bool) -> None:
        """End the process and remove its sockets; ``gracefully`` lets it run its exit handlers first."""
        try:
            if self.manager.has_kernel:
                if gracefully and self.exit_status() is None:
                    # shutdown_kernel would first interrupt the idle kernel, and then look every 0.1 s.
                    await self.manager.request_shutdown()
                    await self.manager.finish_shutdown(pollinterval=_EXIT_POLL)
                else:
                    await self.manager.shutdown_kernel(now=True)
        finally:
            if self._client is not None:
                self._client.stop_channels()
            await self.manager.cleanup_resources()
            self.manager.context.destroy(linger=0)
            shutil.rmtree(self.folder, ignore_errors=True)
