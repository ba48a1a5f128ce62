"""HTML as Markdown: what a browser shows, with its headings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modelops.rag.reading.cleaning import one_line, visible_text
from modelops.rag.reading.encodings import decode
from modelops.rag.reading.parsed import Parsed

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# Never shown, or no text: a page's programs and styles, what is there for browsers without them, and drawings.
_NOT_TEXT = frozenset(
    ("head", "script", "style", "noscript", "template", "svg", "iframe", "object", "canvas", "audio", "video", "img")
)
_NAVIGATION = frozenset(("navigation", "search"))
_HIDING = re.compile(
    r"display:none|visibility:(?:hidden|collapse)|opacity:0(?:\.0*)?%?(?:;|!|$)|font-size:0(?:\.0*)?[a-z%]*(?:;|!|$)"
    r"|(?:left|top|right|bottom|text-indent|margin-left|margin-top):-\d{3,}"
    r"|(?:^|;)color:transparent|clip:rect\(0|clip-path:inset\((?:50|100)%",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
# Their text stays. Highlighted code is full of them, and what is dropped here need not become an object of Python.
_MEANINGLESS = ("a", "span", "font", "cite", "big", "small", "u", "abbr", "label")
# The sign behind a heading that links to it.
_ANCHORS = frozenset("¶#§🔗")
_BLANK_LINES = re.compile(r"[ \t]+\n|\n{3,}")


def read_html(raw: bytes, charset: str | None = None) -> Parsed:
    """The visible text of a page as Markdown; ``charset`` is what its server says. Links stay as their text only.

    Of a page that says which part is its main one, that part.
    """
    import lxml.etree
    import lxml.html
    from bs4.dammit import EncodingDetector

    declared = charset or EncodingDetector.find_declared_encoding(raw, is_html=True)
    # Encoded anew, because lxml refuses a text that says how it is encoded.
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    page = lxml.html.document_fromstring(decode(raw, declared).encode("utf-8", "replace"), parser=parser)
    title = one_line(page.findtext(".//title") or "")
    _remove_styled_away(page)
    for element in list(page.iter()):
        if _is_hidden(element):
            _remove(element)
    mains = page.xpath("//main | //*[@role='main']")
    for link in page.findall(".//a"):
        if "".join(link.itertext()).strip() in _ANCHORS:
            _remove(link)
    lxml.etree.strip_tags(page, *_MEANINGLESS)
    return Parsed(_as_markdown(mains[0] if len(mains) == 1 else page), title)


def _as_markdown(element: HtmlElement) -> str:
    """Visible text of an element as Markdown, with nothing escaped."""
    import lxml.html
    from bs4 import BeautifulSoup
    from markdownify import MarkdownConverter

    converter = MarkdownConverter(
        heading_style="ATX",
        bullets="-",
        escape_asterisks=False,
        escape_underscores=False,
        escape_misc=False,
    )
    markup = lxml.html.tostring(element, encoding="unicode", with_tail=False)
    markdown = visible_text(converter.convert_soup(BeautifulSoup(markup, "lxml")))
    return _BLANK_LINES.sub(lambda found: "\n" if found[0].strip("\n") else "\n\n", markdown).strip("\n")


def _is_hidden(element: HtmlElement) -> bool:
    attributes = element.attrib
    if element.tag in _NOT_TEXT or "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return True
    if element.tag == "nav" or attributes.get("role") in _NAVIGATION:
        return True
    if (element.tag == "dialog" and "open" not in attributes) or attributes.get("type") == "hidden":
        return True
    return "style" in attributes and _hides(attributes["style"])


def _hides(declarations: str) -> bool:
    return _HIDING.search("".join(_COMMENT.sub("", declarations).split())) is not None


def _remove_styled_away(page: HtmlElement) -> None:
    """Remove what the page's own style sheets hide; those it links to are not fetched."""
    import tinycss2
    from cssselect import SelectorError

    for style in page.findall(".//style"):
        for rule in tinycss2.parse_stylesheet(style.text or "", skip_comments=True, skip_whitespace=True):
            if rule.type != "qualified-rule" or not _hides(tinycss2.serialize(rule.content)):
                continue
            try:
                chosen = page.cssselect(tinycss2.serialize(rule.prelude))
            except SelectorError:
                continue  # such as ::before, which is no element
            for element in chosen:
                _remove(element)


def _remove(element: HtmlElement) -> None:
    if element.getparent() is not None:
        element.drop_tree()
