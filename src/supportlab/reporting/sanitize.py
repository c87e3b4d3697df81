"""Turn what cells wrote into HTML that holds no script and loads nothing."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from supportlab.reporting.names import clean_text, slug

if TYPE_CHECKING:
    from bleach.sanitizer import Cleaner  # type: ignore[import-untyped]

__all__ = ["Heading", "markdown_html", "python_html", "sanitized"]

Heading = tuple[int, str, str]

_TAG_NAMES = """
a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure
h2 h3 h4 h5 h6 hr i img ins kbd li ol p pre s section small span strong sub summary sup
table tbody td tfoot th thead tr u ul var
"""
_TAGS = frozenset(_TAG_NAMES.split())
_EVERYWHERE = ("class", "dir", "lang", "title", "role", "aria-label", "aria-hidden", "tabindex")
_ATTRIBUTES: dict[str, list[str]] = {
    "*": list(_EVERYWHERE),
    "a": ["href"],
    "img": ["src", "alt", "width", "height"],
    "td": ["colspan", "rowspan", "headers"],
    "th": ["colspan", "rowspan", "scope", "abbr"],
    "ol": ["start"],
    "details": ["open"],
}
# What these hold is no text: dropping the tags alone would show it.
_BLOCKS = re.compile(
    r"<(script|style|template|noscript|iframe|object|math|svg)\b.*?</\1\s*>",
    re.IGNORECASE | re.DOTALL,
)
_IMAGE_SOURCE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")


def sanitized(html: str) -> str:
    """
    Keep of an HTML fragment what a page without scripts may show.

    Not a formatter: what is allowed stays as it is written.

    Parameters
    ----------
    html : str
        What a cell displayed.

    Returns
    -------
    str
        The fragment without scripts, styles, event handlers, and addresses other than web links,
        mail links and pictures that are part of the page.

    Examples
    --------
    >>> sanitized('<p onclick="x()">a<script>alert(1)</script></p>')
    '<p>a</p>'
    """
    return str(_cleaner().clean(_BLOCKS.sub("", clean_text(html))))


def markdown_html(source: str, taken: dict[str, int]) -> tuple[str, list[Heading]]:
    """
    Write a Markdown cell as HTML, raw HTML escaped.

    Parameters
    ----------
    source : str
        Markdown with tables and strike-through.
    taken : dict
        Heading ids of the page so far with their counts; updated.

    Returns
    -------
    tuple
        The fragment, and its headings as level, id and text. A heading of the first level
        becomes one of the second: the page has its own title.

    Examples
    --------
    >>> markdown_html("## Checks", {})
    ('<h2 id="checks">Checks</h2>\\n', [(2, 'checks', 'Checks')])
    """
    import mistune

    headings: list[Heading] = []

    class Renderer(mistune.HTMLRenderer):
        """HTML with ids on headings and scrolling tables."""

        def heading(self, text: str, level: int, **attributes: Any) -> str:
            words = re.sub(r"<[^>]+>", "", text)
            level = max(2, level)
            anchor = _free(slug(words.lower()), taken)
            headings.append((level, anchor, words))
            return f'<h{level} id="{anchor}">{text}</h{level}>\n'

        def image(self, text: str, url: str, title: str | None = None) -> str:
            # A page loads nothing: a picture that is not in the notebook is shown by its words.
            return f"<em>{text}</em>"

    write = mistune.create_markdown(
        renderer=Renderer(escape=True), plugins=["table", "strikethrough"]
    )
    html = str(write(clean_text(source)))
    return html.replace("<table>", '<div class="sl-scroll"><table class="sl-table">').replace(
        "</table>", "</table></div>"
    ), headings


def python_html(source: str) -> str:
    """
    Write Python source as highlighted HTML, by classes that the page's style knows.

    Parameters
    ----------
    source : str
        A code cell.

    Returns
    -------
    str
        Escaped spans, to be put into ``pre``.
    """
    from pygments import highlight  # type: ignore[import-untyped]
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
    from pygments.lexers import PythonLexer  # type: ignore[import-untyped]

    return str(highlight(clean_text(source), PythonLexer(), HtmlFormatter(nowrap=True)))


@cache
def _cleaner() -> Cleaner:
    from bleach.sanitizer import Cleaner

    return Cleaner(
        tags=_TAGS,
        attributes=_allowed,
        protocols={"http", "https", "mailto", "data"},
        strip=True,
        strip_comments=True,
    )


def _allowed(tag: str, name: str, value: str) -> bool:
    if tag == "img" and name == "src":
        return _IMAGE_SOURCE.fullmatch(value) is not None
    if tag == "a" and name == "href":
        return value.lower().startswith(("http://", "https://", "mailto:", "#"))
    return name in _EVERYWHERE or name in _ATTRIBUTES.get(tag, [])


def _free(anchor: str, taken: dict[str, int]) -> str:
    taken[anchor] = taken.get(anchor, 0) + 1
    return anchor if taken[anchor] == 1 else f"{anchor}-{taken[anchor]}"
