"""What a model says as Markdown: code, bold words and lists are shown; nothing else is read as markup."""

from __future__ import annotations

import re

import pytest
from nbconvert.filters import markdown2html_mistune

from modelops.widgets.prose import as_markdown

HOSTILE = [
    "<script>window.hacked = 1</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "![](http://evil/x.png)",
    "![x][y]\n\n[y]: http://evil/x.png",
    "[bank](http://evil)",
    "http://evil/x www.evil.com me@evil.com",
    "<http://evil>",
    "`<img src=x>",
    "``<img src=x>`",
    "\\`<img src=x>`",
    "`a` <img src=x> `",
    "**<img src=x>**",
    "- <img src=x>\n  - [x](http://evil)",
    "# <img src=x>",
    "```\ncode\n```\n<img src=x>",
    "```html\n<img src=x>",
    "````\n```\n<img src=x>\n```",
    "~~~\n```\n<img src=x>",
    "```\r```\r<img src=x>",
    "    ```\n<img src=x>",
    "a\\\n<img src=x>",
    "$x$ $$y$$ &lt;img src=x&gt;",
    "| a |\n|---|\n| <img src=x> |",
    "x\x0b<img src=x>\x0c```\u2028<img src=x>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_tag_and_no_link_comes_of_what_is_said(text: str) -> None:
    html = markdown2html_mistune(as_markdown(text))

    assert [tag for tag in ("<img", "<script", "<a ", "href") if tag in html] == []


def test_signs_are_shown_as_they_are() -> None:
    said = "1 < 2 & *x* [y](z) \\ # $5 | ~~gone~~ <b>"

    assert "1 &lt; 2 &amp; *x* [y](z) \\ # $5 | ~~gone~~ &lt;b&gt;" in markdown2html_mistune(as_markdown(said))


def marked(text: str) -> str:
    """What is within the frame that keeps formulas from being looked for."""
    found = re.fullmatch(r"(<div .*?>)\n\n(.*)\n\n(</div>)", as_markdown(text), re.DOTALL)
    assert found is not None
    assert (found[1], found[3]) == ('<div class="mathjax_ignore tex2jax_ignore">', "</div>")
    return found[2]


def test_code_is_kept_to_the_letter() -> None:
    said = "Use `x*y*z`:\n```python\nif a < b:\n    print(`*`)\n```\nDone."

    assert marked(said) == "Use `x*y*z`\\:\n\n```\nif a < b:\n    print(`*`)\n```\n\nDone\\."


def test_a_block_that_has_not_ended_goes_to_the_end_and_nothing_in_it_ends_it() -> None:
    assert marked("````\n```\n<b>") == "````\n```\n<b>\n````"


def test_lists_and_bold_words_are_left_and_headings_are_bold() -> None:
    assert marked("## Why\n- **one**\n1. two*") == "**Why**  \n- **one**  \n1. two\\*"


def test_a_line_further_in_stays_there_and_is_no_code() -> None:
    assert marked("    a-b") == "\N{NO-BREAK SPACE}" * 4 + "a\\-b"
