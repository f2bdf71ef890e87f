"""Two pages compared without what depends on the clock."""

from html.parser import HTMLParser

VOID = frozenset(("br", "img", "meta", "link", "hr", "input", "source", "wbr", "col"))
"""Elements without an end tag that a page may hold."""


def without_times(html: str) -> str:
    """A page without the elements that depend on the clock, for comparing two of them."""
    parser = _Timeless()
    parser.feed(html)
    parser.close()
    return "".join(parser.kept)


class _Timeless(HTMLParser):
    """Copies a page as it is written, passing over elements of class ``time``."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.kept: list[str] = []
        self._depth = 0
        """Open elements since one of class ``time`` began, itself included."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        timed = "time" in (dict(attrs).get("class") or "").split()
        if not (self._depth or timed):
            self.kept.append(self.get_starttag_text() or "")
        elif tag not in VOID:
            self._depth += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not (self._depth or "time" in (dict(attrs).get("class") or "").split()):
            self.kept.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if self._depth:
            self._depth -= 1
        else:
            self.kept.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self._keep(data)

    def handle_entityref(self, name: str) -> None:
        self._keep(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._keep(f"&#{name};")

    def handle_decl(self, decl: str) -> None:
        self._keep(f"<!{decl}>")

    def _keep(self, text: str) -> None:
        if not self._depth:
            self.kept.append(text)
