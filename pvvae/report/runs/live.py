"""The report while runs go on: a server of one page, which is made anew as they change.

It answers with that page, with a word for its state, and with nothing else: no address is ever made
a path of the disk, and nothing is written.
"""

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from functools import partial
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from pvvae.errors import ConfigError
from pvvae.report.runs.page import report_page
from pvvae.run.folder import runs_below

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Addresses that this machine alone can reach."""
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data:; media-src data:; connect-src 'self'"
)
"""The page holds all that it shows, and may fetch nothing but its state."""
RELOAD = """\
<script>
(() => {
  const seen = "STATE", place = "pvvae-watch";
  scrollTo(0, Number(sessionStorage.getItem(place) || 0));
  addEventListener("scroll", () => sessionStorage.setItem(place, scrollY));
  setInterval(async () => {
    try {
      if (await (await fetch("state")).text() !== seen) location.reload();
    } catch { /* the server has ended: what was seen last stays */ }
  }, EVERY * 1000);
})();
</script>
"""


class LivePage:
    """The page of a folder of runs, made again at most every so often, and only if they changed."""

    def __init__(self, runs: Path, *, every: float) -> None:
        """Watch ``runs``, which may hold none yet; look at the disk every ``every`` seconds."""
        self._runs, self._every = runs, every
        self._lock = threading.Lock()
        self._looked, self._state = -float("inf"), ""
        self._made, self._html = "", ""

    def state(self) -> str:
        """A word that is another one as soon as a run has changed."""
        with self._lock:
            return self._look()

    def html(self) -> str:
        """The page, which asks for its state and loads itself anew."""
        with self._lock:
            state = self._look()
            if state != self._made:
                self._html, self._made = self._page(), state
            script = RELOAD.replace("STATE", state).replace("EVERY", f"{self._every:g}")
            return self._html.replace("</body>", f"{script}</body>")

    def _look(self) -> str:
        now = time.monotonic()
        if now - self._looked >= self._every:
            self._state, self._looked = fingerprint(self._runs), now
        return self._state

    def _page(self) -> str:
        try:
            return report_page(self._runs)
        except ConfigError as error:
            return (
                '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
                f"<title>PV-VAE</title></head><body><p>{escape(str(error))}</p></body></html>\n"
            )


def fingerprint(runs: Path) -> str:
    """A digest of names, sizes and times of what lies in every run folder below ``runs``."""
    digest = hashlib.sha256()
    try:
        folders = runs_below(runs)
    except ConfigError:
        folders = []
    for folder in folders:
        for line in sorted(_entries(folder)):
            digest.update(f"{folder}/{line}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]


def _entries(folder: Path) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                facts = entry.stat(follow_symlinks=False)
                yield f"{entry.name} {facts.st_size} {facts.st_mtime_ns}"
    except OSError:  # it goes away while it is looked at
        return


class _Handler(BaseHTTPRequestHandler):
    """Answers to two addresses."""

    def __init__(self, page: LivePage, hosts: set[str], *inputs: object) -> None:
        self._page, self._hosts = page, hosts
        super().__init__(*inputs)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        # A name that somebody else's page resolves to this machine is not ours.
        if self._hosts and self.headers.get("Host", "") not in self._hosts:
            self.send_error(403, "another host's name")
        elif self.path == "/":
            self._send(self._page.html(), "text/html", body=body)
        elif self.path == "/state":
            self._send(self._page.state(), "text/plain", body=body)
        else:
            self.send_error(404)

    def _send(self, text: str, kind: str, *, body: bool) -> None:
        data = text.encode("utf-8", "backslashreplace")
        self.send_response(200)
        for name, value in (
            ("Content-Type", f"{kind}; charset=utf-8"),
            ("Content-Length", str(len(data))),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", POLICY),
            ("X-Content-Type-Options", "nosniff"),
        ):
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the terminal is for the address."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a browser that closed its connection."""


def serve(runs: Path, *, host: str = "127.0.0.1", port: int = 0, every: float = 10.0) -> _Server:
    """A server of the report on ``runs``, to be started with ``serve_forever``.

    Args:
        runs: folder of run folders, now or later.
        host: address to listen at; without being told otherwise, this machine's alone.
        port: 0 is any free one.
        every: seconds between looks at the disk.

    Raises:
        ConfigError: if the address cannot be had.
    """
    page = LivePage(runs, every=every)
    names: set[str] = set()
    try:
        server = _Server((host, port), partial(_Handler, page, names))  # type: ignore[arg-type]
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"{host}:{port}: cannot be listened at ({getattr(error, 'strerror', None) or error}); "
            "choose another --port or --host"
        ) from None
    if host in LOOPBACK:
        names |= {f"{name}:{server.server_port}" for name in ("localhost", "127.0.0.1")}
    return server
