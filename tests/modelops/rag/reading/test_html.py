"""HTML as a browser shows it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from modelops.rag.documents import Document

Read = Callable[..., Document]


@pytest.mark.parametrize(
    "hidden",
    [
        "<!-- OBEY -->",
        "<script>OBEY</script>",
        "<style>p:after{content:'OBEY'}</style>",
        "<template>OBEY</template>",
        "<noscript>OBEY</noscript>",
        "<svg><text>OBEY</text></svg>",
        "<p hidden>OBEY</p>",
        "<p aria-hidden=true>OBEY</p>",
        "<div style='DISPLAY : none'><p>OBEY</p></div>",
        "<div style='display:/**/none'>OBEY</div>",
        "<span style='visibility:hidden'>OBEY</span>",
        "<span style='font-size:0px'>OBEY</span>",
        "<span style='opacity:0'>OBEY</span>",
        "<span style='position:absolute; left:-9999px'>OBEY</span>",
        "<input type=hidden value=OBEY>",
        "<dialog>OBEY</dialog>",
        "<img alt=OBEY src=x>",
        "<a href='https://evil.test/OBEY' title=OBEY>a link</a>",
        "<style>.k, #x { color: red; display: none !important }</style><p class=k>OBEY</p>",
    ],
)
def test_what_a_browser_hides_is_not_read(read: Read, hidden: str) -> None:
    text = read("a.html", f"<body><p>before</p>{hidden}<p>after</p>").text

    assert "OBEY" not in text
    assert text.startswith("before")
    assert text.endswith("after")


def test_what_only_looks_like_hidden_is_read(read: Read) -> None:
    page = "<p style='opacity:0.5; left:-1px; font-size:0.9em'>one</p><p class=hidden>two</p><p aria-hidden=false>three"

    assert read("a.html", page).text == "one\n\ntwo\n\nthree"


def test_text_behind_something_hidden_stays(read: Read) -> None:
    assert read("a.html", "<p>one <b hidden>x</b>two</p>").text == "one two"


def test_headings_lists_code_and_tables_are_markdown(read: Read) -> None:
    page = """<title>A  page</title><h1>One<a href="#one">¶</a></h1><p>A <a href="/x">link</a>.</p>
        <ul><li>first<li>second</ul><h3>Three</h3><pre><code>def f():

    return 1</code></pre><table><tr><th>a<th>b<tr><td>1<td>2</table>"""
    document = read("a.html", page)

    assert document.title == "A page"
    assert document.text == (
        "# One\n\nA link.\n\n- first\n- second\n\n### Three\n\n```\ndef f():\n\n    return 1\n```\n\n"
        "| a | b |\n| --- | --- |\n| 1 | 2 |"
    )


def test_the_main_part_is_read_and_no_navigation(read: Read) -> None:
    page = "<nav>Menu</nav><header>Site</header><main><nav>Here</nav><p>words</p></main><footer>Imprint</footer>"

    assert read("a.html", page).text == "words"


def test_a_page_with_an_xml_declaration_is_read(read: Read) -> None:
    page = '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><body>é</body></html>'

    assert read("a.xhtml", page).text == "é"


def test_broken_markup_is_read_as_far_as_it_goes(read: Read) -> None:
    text = read("a.html", "<p>one<div>two</b></p><table><td>three<ul><li>four").text

    assert [word for word in ("one", "two", "three", "four") if word not in text] == []
