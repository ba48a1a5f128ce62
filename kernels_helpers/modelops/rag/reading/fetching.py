"""One URL of the user's own list: fetched within limits, never from a private network unless that is allowed."""

from __future__ import annotations

import time
import unicodedata
from dataclasses import dataclass
from email.message import Message
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin

from modelops import __version__
from modelops.rag.reading.addresses import resolve
from modelops.rag.reading.cleaning import one_line
from modelops.rag.reading.limits import ReadingLimits
from modelops.rag.reading.parsing import check_size
from modelops.rag.reading.reasons import NotRead, Reason

if TYPE_CHECKING:
    import httpx

_HEADERS = {
    "User-Agent": f"jupyterlab-modelops/{__version__}",
    "Accept": "*/*",
    "Accept-Encoding": "identity",  # what is not packed cannot unpack to more than was counted
}
_PORTS = {"http": 80, "https": 443}
_MOST_URL = 4096


@dataclass(frozen=True)
class Fetched:
    """What a URL sent, and what its server calls it."""

    raw: bytes
    name: str
    """The last part of the path it came from in the end."""
    media_type: str
    charset: str | None


def fetch(url: str, limits: ReadingLimits) -> Fetched:
    """Get a URL; raise :class:`NotRead` with the reason where that does not work or is not allowed.

    Each hop of a redirect is resolved and checked, and the connection goes to the very address that was checked, so a
    name that is resolved anew meanwhile leads nowhere else. Proxies of the environment are not used: they would resolve
    names themselves.
    """
    import httpx

    deadline = time.monotonic() + limits.seconds
    with httpx.Client(
        trust_env=False, verify=httpx.create_ssl_context(), headers=_HEADERS, timeout=limits.seconds
    ) as client:
        hop = url
        for _ in range(limits.max_redirects + 1):
            response = _send(client, _checked(hop), limits)
            try:
                if not response.has_redirect_location:
                    return _received(response, hop, limits, deadline)
                hop = _joined(hop, response.headers["location"])
            finally:
                response.close()
    raise NotRead(Reason.TOO_MANY_REDIRECTS, f"It was redirected more than {limits.max_redirects} times.")


def _joined(hop: str, location: str) -> str:
    try:
        return urljoin(hop, location)
    except ValueError as error:
        raise NotRead(Reason.INVALID_URL, f"It is redirected to what is no URL: {error}.") from error


def _checked(text: str) -> httpx.URL:
    import httpx

    if len(text) > _MOST_URL:
        raise NotRead(Reason.INVALID_URL, f"It has more than {_MOST_URL} characters.")
    if any(character.isspace() or unicodedata.category(character)[0] == "C" for character in text):
        raise NotRead(Reason.INVALID_URL, "It has white space or invisible characters.")
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise NotRead(Reason.INVALID_URL, f"It is no URL: {error}.") from error
    if url.scheme not in _PORTS or not url.host:
        raise NotRead(Reason.INVALID_URL, "Only http:// and https:// URLs with a host are fetched.")
    if url.userinfo:
        raise NotRead(
            Reason.INVALID_URL, "It holds a user name or password, which an index would show to everyone who asks it."
        )
    return url


def _send(client: httpx.Client, url: httpx.URL, limits: ReadingLimits) -> httpx.Response:
    import httpx

    port = url.port or _PORTS[url.scheme]
    problem: httpx.HTTPError | None = None
    for address in resolve(url.raw_host.decode("ascii"), port, allow_private=limits.allow_private_addresses):
        request = client.build_request(
            "GET",
            url.copy_with(host=address),
            headers={"Host": url.netloc.decode("ascii")},
            # The certificate is checked for the host, not for its address.
            extensions={"sni_hostname": url.raw_host.decode("ascii")},
        )
        try:
            return client.send(request, stream=True, follow_redirects=False)
        except httpx.HTTPError as error:
            problem = error
    raise NotRead(Reason.UNREACHABLE, f"{url.host} does not answer: {_named(problem)}.")


def _named(error: Exception | None) -> str:
    # Time limits have no words of their own.
    return one_line(str(error)) or type(error).__name__ if error is not None else "it has no address"


def _received(response: httpx.Response, url: str, limits: ReadingLimits, deadline: float) -> Fetched:
    import httpx

    if response.status_code != 200:
        raise NotRead(
            Reason.HTTP_STATUS,
            f"The server answers {response.status_code} {one_line(response.reason_phrase, 80)}".rstrip() + ".",
        )
    if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise NotRead(Reason.UNSUPPORTED_FORMAT, "The server sends it packed, though it was asked not to.")
    length = response.headers.get("content-length", "")
    check_size(int(length) if length.isascii() and length.isdigit() else 0, limits)
    raw = bytearray()
    try:
        for part in response.iter_raw():
            raw += part
            check_size(len(raw), limits)
            if time.monotonic() > deadline:
                raise NotRead(Reason.TIME_LIMIT, f"It was not here after {limits.seconds:g} s.")
    except httpx.HTTPError as error:
        raise NotRead(Reason.UNREACHABLE, f"The connection was lost: {_named(error)}.") from error
    header = Message()
    header["content-type"] = response.headers.get("content-type", "")
    # Without the header, or with a broken one, Message answers text/plain, which claims nothing here.
    name = unquote(httpx.URL(url).path).rpartition("/")[2] or "index"
    return Fetched(bytes(raw), name, header.get_content_type(), header.get_content_charset())
