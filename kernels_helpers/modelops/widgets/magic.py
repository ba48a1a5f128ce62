"""The cell magic ``%%chat``: the text of a cell is said to an endpoint, whose answer comes into the cell's output."""

from __future__ import annotations

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.display import DisplayHandle, display

from modelops.client import Client, Endpoint, Reply
from modelops.errors import InvalidInput, ModelOpsError
from modelops.widgets.conversation import Conversation
from modelops.widgets.prose import as_markdown
from modelops.widgets.wording import answer_in_words


def _unquoted(text: str) -> str:
    """IPython leaves the quotes around an argument."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


@magics_class
class ChatMagic(Magics):
    """Keeps a conversation with each endpoint for as long as the kernel runs."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._conversations: dict[tuple[str, str], Conversation] = {}

    @magic_arguments()
    @argument("endpoint", nargs="?", type=_unquoted, help="Who answers; without it, the only endpoint that is ready.")
    @argument("--model", type=_unquoted, help="One of its adapters, as ENDPOINT/ADAPTER.")
    @argument("--system", type=_unquoted, help="What the model is told before the conversation, from now on.")
    @argument("--temperature", type=float, help="0 always takes the likeliest token.")
    @argument("--max-tokens", type=int, help="Most tokens of the answer.")
    @argument("--new", action="store_true", help="Start over instead of going on.")
    @cell_magic
    def chat(self, line: str, cell: str) -> None:
        """Say the text of this cell to an endpoint; cells go on with one conversation."""
        asked = parse_argstring(self.chat, line)
        output = _Output(asked.max_tokens)
        try:
            with Client() as client:
                conversation = self._conversation(client, asked.endpoint, asked.new)
                if asked.system is not None:
                    conversation.system = asked.system
                options = {"model": asked.model, "temperature": asked.temperature, "max_tokens": asked.max_tokens}
                output.show(conversation.ask(cell.strip(), output.show, **options))
        except ModelOpsError as error:
            output.end(failed=True)
            raise _in_words(error, error.message, error.hint) from None
        except KeyboardInterrupt as error:
            output.end(failed=False)
            raise _in_words(error, "Interrupted: the engine is free, and what has come is kept.") from None

    def _conversation(self, client: Client, name: str | None, new: bool) -> Conversation:
        endpoint = client.endpoints[name] if name else _only(client.endpoints.list())
        key = client.url, endpoint.name
        if new or key not in self._conversations:
            self._conversations[key] = Conversation(endpoint)
        self._conversations[key].endpoint = endpoint  # it may have been started anew since
        return self._conversations[key]


def load(shell: InteractiveShell) -> None:
    """Bring the magic into a shell."""
    shell.register_magics(ChatMagic)


def _only(endpoints: list[Endpoint]) -> Endpoint:
    ready = [one for one in endpoints if one.record["state"] == "ready" and one.record["task"] == "generate"]
    if len(ready) == 1:
        return ready[0]
    names = ", ".join(endpoint.name for endpoint in ready)
    raise InvalidInput(
        "endpoint_not_named",
        f"These endpoints are ready: {names}." if ready else "No endpoint is ready.",
        f"Name one: %%chat {ready[0].name}" if ready else "Start one: modelops endpoints start MODEL",
    )


class _Output:
    """The output of a cell in which an answer is shown as it comes."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._handle: DisplayHandle | None = None
        self._reply: Reply | None = None

    def show(self, reply: Reply, *, failed: bool = False) -> None:
        """What has come so far."""
        self._reply = reply
        data = _bundle(answer_in_words(reply, self._most, failed=failed))
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)

    def end(self, *, failed: bool) -> None:
        """What has come of an answer that was asked for and has no end."""
        if self._reply is not None:
            self.show(self._reply, failed=failed)


def _bundle(words: dict[str, str]) -> dict[str, str]:
    foot = {"waiting": "waiting for the first token …", "streaming": "answering …"}.get(words["state"])
    if foot is None:
        foot = " · ".join(part for part in (words["facts"], words["ending"] and f"! {words['ending']}") if part)
    plain = "\n\n".join(part for part in (words["text"], foot) if part)
    return {"text/plain": plain, "text/markdown": as_markdown(words["text"], foot)}


def _in_words(error: BaseException, *lines: str) -> BaseException:
    """The error as one of which IPython shows these lines, and no traceback."""
    error.__dict__["_render_traceback_"] = lambda: [line for line in lines if line]
    return error
