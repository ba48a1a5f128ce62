"""URLs: fetched from where they were checked to lead, within limits."""

from __future__ import annotations

import datetime as dt
import hashlib
import socket
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest

from modelops.rag.documents import Document, Skipped
from modelops.rag.reading import Reader, ReadingLimits
from modelops.rag.reading.fetching import Fetched, fetch
from modelops.rag.reading.reasons import NotRead

OPEN = ReadingLimits(allow_private_addresses=True, seconds=20)


def refused(url: str, limits: ReadingLimits = OPEN) -> str:
    with pytest.raises(NotRead) as caught:
        fetch(url, limits)
    return caught.value.reason.value


def test_a_page_is_read_as_its_server_says(site: Any) -> None:
    body = "<title>Grüße</title><p>Wörter".encode("latin-1")
    site.pages["/page?x=1"] = (200, {"Content-Type": "text/html; charset=latin-1"}, body)
    with Reader(OPEN) as reader:
        document = reader.read(site.url("/page?x=1"))

    assert isinstance(document, Document)
    assert (document.source, document.title, document.text) == (site.url("/page?x=1"), "Grüße", "Wörter")
    assert document.digest == f"sha256:{hashlib.sha256(body).hexdigest()}"
    assert site.seen[0]["host"] == f"127.0.0.1:{site.port}"


def test_this_machine_is_refused_unless_it_is_allowed(site: Any) -> None:
    with Reader() as reader:
        answers = [
            reader.read(site.url("/", host)) for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]")
        ]

    assert [answer.code for answer in answers if isinstance(answer, Skipped)] == ["private_address"] * 4
    assert site.seen == []


def test_a_redirect_is_checked_at_every_hop(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.pages["/"] = (302, {"Location": f"http://localhost:{site.port}/secret"}, b"")
    site.pages["/secret"] = (200, {}, b"secret")
    real = socket.getaddrinfo
    # A public name that leads to the test's server: only its address is public, and only on paper.
    import modelops.rag.reading.addresses as addresses

    monkeypatch.setattr(
        addresses, "is_public", lambda address: str(address) == "127.0.0.1" and asked[-1] == "public.test"
    )
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, *arguments: Any, **options: Any) -> Any:
        asked.append(host)
        return real("127.0.0.1" if host == "public.test" else host, port, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    assert refused(site.url("/", "public.test"), ReadingLimits()) == "private_address"
    assert [seen["path"] for seen in site.seen] == ["/"]


def test_a_name_is_resolved_once_and_its_address_is_kept(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.pages["/a.txt"] = (200, {}, b"words")
    real, asked = socket.getaddrinfo, []

    def getaddrinfo(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        asked.append(name)
        if name == "rebind.test" and asked.count(name) > 1:
            raise AssertionError("resolved again: it could lead elsewhere now")
        return real("127.0.0.1" if name == "rebind.test" else host, port, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    assert fetch(site.url("/a.txt", "rebind.test"), OPEN).raw == b"words"
    assert asked.count("rebind.test") == 1
    assert site.seen[0]["host"] == f"rebind.test:{site.port}"


def test_an_international_name_is_looked_up_as_the_certificate_has_it(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.pages["/a.txt"] = (200, {}, b"words")
    real, asked = socket.getaddrinfo, []

    def getaddrinfo(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        asked.append(host)
        # IDNA 2003, which the standard library speaks, calls the same name strasse.test: another server.
        return real("127.0.0.1" if host == "xn--strae-oqa.test" else host, port, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    assert fetch(site.url("/a.txt", "straße.test"), OPEN).raw == b"words"
    assert "xn--strae-oqa.test" in asked
    assert site.seen[0]["host"] == f"xn--strae-oqa.test:{site.port}"


def test_redirects_are_followed_up_to_the_limit(site: Any) -> None:
    for hop in range(9):
        site.pages[f"/{hop}"] = (301, {"Location": f"/{hop + 1}"}, b"")
    site.pages["/9"] = (200, {"Content-Type": "text/markdown"}, b"# Words")

    assert fetch(site.url("/5"), OPEN) == Fetched(b"# Words", "9", "text/markdown", None)
    assert refused(site.url("/0")) == "too_many_redirects"


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x/"])
def test_a_redirect_to_what_is_no_page_is_refused(site: Any, location: str) -> None:
    site.pages["/"] = (302, {"Location": location}, b"")

    assert refused(site.url("/")) == "invalid_url"


def test_a_redirect_to_nonsense_is_named(site: Any) -> None:
    site.pages["/"] = (302, {"Location": "http://[::1"}, b"")

    assert refused(site.url("/")) in ("invalid_url", "unreachable")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://host/x",
        "host/page",
        "",
        "http://",
        "http://user:pw@127.0.0.1/",
        "http://a b/",
        "http://x/\n",
        "http://x/\u202e",
    ],
)
def test_only_plain_web_addresses_are_fetched(url: str) -> None:
    assert refused(url) == "invalid_url"


@pytest.mark.parametrize("status", [204, 401, 404, 500])
def test_an_answer_that_is_no_page_is_named(site: Any, status: int) -> None:
    site.pages["/"] = (status, {}, b"")

    assert refused(site.url("/")) == "http_status"


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "5000000000"}])
def test_more_than_the_limit_is_not_received(site: Any, headers: dict[str, str]) -> None:
    site.pages["/"] = (200, headers, b"x" * 5000)

    assert refused(site.url("/"), ReadingLimits(max_bytes=4000, allow_private_addresses=True)) == "too_large"


def test_what_is_packed_is_not_unpacked(site: Any) -> None:
    site.pages["/"] = (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b")

    assert refused(site.url("/")) == "unsupported_format"
    assert site.seen[0]["accept-encoding"] == "identity"


def test_a_server_that_drips_is_given_up(write: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stop = threading.Event()

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                while not stop.wait(0.05):
                    try:
                        connection.sendall(b"H")  # headers that never end
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        with Reader(OPEN) as reader:
            reader.read("http://127.0.0.1:9/")  # its process runs
            reader.limits = ReadingLimits(allow_private_addresses=True, seconds=0.5)
            answer = reader.read(f"http://127.0.0.1:{listening.getsockname()[1]}/")
        stop.set()
        thread.join()

    assert isinstance(answer, Skipped)
    assert answer.code in ("time_limit", "unreachable")


def test_nobody_there_is_named(site: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

    assert refused(f"http://127.0.0.1:{port}/") == "unreachable"
    assert refused("http://nowhere.invalid/") == "unreachable"


def certificate(folder: Path, host: str) -> Path:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{host}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.mark.parametrize(("host", "trusted"), [("localhost", True), ("other.test", False)])
def test_a_certificate_is_checked_for_the_host(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, trusted: bool
) -> None:
    pem = certificate(tmp_path, host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    site.server.socket = context.wrap_socket(site.server.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    site.pages["/"] = (200, {}, b"words")

    if trusted:
        assert fetch(site.url("/", "localhost", "https"), OPEN).raw == b"words"
    else:
        assert refused(site.url("/", "localhost", "https")) == "unreachable"
