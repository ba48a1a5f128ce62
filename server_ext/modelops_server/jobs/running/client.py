"""Our side of the conversation with a kernel: nbclient, with bounded outputs, a log, and events taken out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_output, output_from_msg

from modelops.events import MIME
from modelops_server.jobs.running.outputs import OutputBudget, OutputLimits, StreamText


class Sink(Protocol):
    """Where events and printed text go; a job's journal is one."""

    def event(self, type: str, /, **fields: Any) -> None: ...

    def record(self, event: dict[str, Any]) -> None: ...

    def log(self, text: str) -> None: ...


class CellClient(NotebookClient):
    """Executes single cells; the manager and client of a running kernel are handed over by the caller."""

    def __init__(
        self,
        nb: NotebookNode,
        *,
        sink: Sink | None,
        limits: OutputLimits,
        on_message: Callable[[], None],
        on_text: Callable[[str, str], None],
        **options: Any,
    ) -> None:
        """Without a ``sink`` (outside of a job) events stay what they are in any notebook: displays."""
        super().__init__(nb, **options)
        self._sink = sink
        self._limits = limits
        self._budget = OutputBudget(limits)
        self._on_message = on_message
        self._on_text = on_text
        self._streams: list[tuple[NotebookNode, StreamText]] = []
        self._next_event = 0
        # Output widgets would collect what a cell prints where no limit sees it; without them it stays in the cell.
        self.widget_registry = {}

    def begin_cell(self) -> None:
        """The next messages belong to a new cell."""
        self.write_streams()
        self._streams.clear()
        self._budget.next_cell()

    def write_streams(self) -> None:
        """Bring the printed text collected so far into the notebook."""
        for node, text in self._streams:
            node["text"] = str(text)

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        """Take events and printed text; the rest is nbclient's."""
        content = msg["content"]
        if self._sink is not None and msg["msg_type"] in {"display_data", "update_display_data"}:
            event = content.get("data", {}).get(MIME)
            if isinstance(event, dict) and isinstance(event.get("type"), str):
                self._record(self._sink, event)
                return None
        if msg["msg_type"] == "stream":
            if self._sink is not None:
                self._sink.log(content["text"])
            self._on_text(content["name"], content["text"])
        output: NotebookNode | None = super().process_message(msg, cell, cell_index)
        self._on_message()
        return output

    def _record(self, sink: Sink, event: dict[str, Any]) -> None:
        number = event.pop("number", None)
        if isinstance(number, int):
            if (lost := number - self._next_event) > 0:
                text = f"Events lost before this one: {lost:,}. The notebook reported faster than could be read."
                sink.event("note", level="warning", text=text)
            self._next_event = number + 1
        sink.record(event)

    def output(
        self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str | None, cell_index: int
    ) -> NotebookNode | None:
        """Append an output, as far as the limits allow."""
        if self.clear_before_next_output:
            self.clear_before_next_output = False
            self.clear_output(outs, {**msg, "content": {"wait": False}}, cell_index)
        if msg["msg_type"] == "stream":
            self._print(outs, msg["content"]["name"], msg["content"]["text"])
            return None
        try:
            output = output_from_msg(msg)
        except ValueError:
            return None  # a message type that is no output
        kept = self._budget.admit(output)
        if kept is not None:
            if display_id and "data" in kept:
                self._display_id_map.setdefault(display_id, {}).setdefault(cell_index, []).append(len(outs))
            outs.append(kept)
        return kept

    def clear_output(self, outs: list[NotebookNode], msg: dict[str, Any], cell_index: int) -> None:
        """Forget the cell's outputs, now or before the next one."""
        super().clear_output(outs, msg, cell_index)
        if not outs:
            self._streams.clear()

    def _print(self, outs: list[NotebookNode], name: str, text: str) -> None:
        # Standard output and standard error take turns line by line: each goes on where it last stood, unless
        # something else was shown since.
        for node in reversed(outs):
            if node["output_type"] != "stream":
                break
            if node["name"] == name:
                stream = next((stream for known, stream in self._streams if known is node), None)
                if stream is not None:
                    stream.append(text)
                    return
        node = new_output("stream", name=name, text="")
        if self._budget.admit(node) is not node or not self._budget.spend(min(len(text), self._limits.text_per_cell)):
            return
        stream = StreamText(self._limits.text_per_cell)
        stream.append(text)
        self._streams.append((node, stream))
        outs.append(node)

    def _update_display_id(self, display_id: str, msg: dict[str, Any]) -> None:
        if display_id in self._display_id_map:
            msg["content"]["data"] = self._budget.admit_data(msg["content"]["data"])
            super()._update_display_id(display_id, msg)

    def handle_comm_msg(self, outs: list[NotebookNode], msg: dict[str, Any], cell_index: int) -> None:
        """Keep the widgets' state, as far as the notebook's limit allows."""
        size = sum(len(buffer) for buffer in msg.get("buffers", ())) + len(str(msg["content"].get("data", "")))
        if self._budget.spend(size):
            super().handle_comm_msg(outs, msg, cell_index)
