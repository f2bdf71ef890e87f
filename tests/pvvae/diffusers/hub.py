"""A hub of models on this machine, for what a client asks of one."""

import base64
import hashlib
import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self

COMMIT = "0" * 40
REPOSITORY = r"(?P<name>[\w.-]+/[\w.-]+)"
PUSH_AND_PULL = """
import sys
import torch
from pvvae.autoencoder import Autoencoder
from pvvae.diffusers import AutoencoderPV

folder, cache = sys.argv[1:]
vae = AutoencoderPV.from_pretrained(folder)
vae.to(torch.bfloat16).push_to_hub("someone/pushed", variant="bf16")
sizes = {"max_shard_size": "500KB"}
vae.float().save_pretrained(folder, push_to_hub=True, repo_id="someone/saved", **sizes)
for arguments in ({}, {"local_files_only": True}, {"force_download": True, "token": "none"}):
    again = AutoencoderPV.from_pretrained("someone/saved", cache_dir=cache, **arguments)
    torch.testing.assert_close(again.state_dict(), vae.state_dict(), rtol=0, atol=0)
    assert again.config._name_or_path == "someone/saved"
half = AutoencoderPV.from_pretrained("someone/pushed", variant="bf16")
assert half.dtype == torch.bfloat16
assert Autoencoder.from_pretrained("someone/pushed", variant="bf16").dtype == torch.bfloat16
for name in ("someone/pushed", "someone/absent"):
    try:
        AutoencoderPV.from_pretrained(name)
    except OSError as error:
        print(error)
"""
"""What a client does; it reads the hub's address from its environment when it starts."""


class Hub:
    """Repositories in memory, served while it is open."""

    def __init__(self) -> None:
        self.files: dict[str, dict[str, bytes]] = {}
        """Content by name, by repository."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.hub = self  # type: ignore[attr-defined]
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path, files = self.path.partition("?")[0], self._hub.files
        if found := re.fullmatch(rf"/{REPOSITORY}/resolve/[^/]+/(?P<file>.+)", path):
            content = files.get(found["name"], {}).get(found["file"])
            if content is None:
                return self._answer(404, {}, {"X-Error-Code": "EntryNotFound"})
            return self._send(200, content, {"X-Repo-Commit": COMMIT, "ETag": _tag(content)})
        if found := re.fullmatch(rf"/api/models/{REPOSITORY}(/(revision|tree)/.+)?", path):
            if found["name"] not in files:
                return self._answer(404, {}, {"X-Error-Code": "RepoNotFound"})
            known = files[found["name"]]
            if "/tree/" in path:
                entries = [
                    {"type": "file", "path": n, "size": len(c), "oid": _tag(c)[1:-1]}
                    for n, c in known.items()
                ]
                return self._answer(200, entries)
            siblings = [{"rfilename": name} for name in known]
            return self._answer(200, {"id": found["name"], "sha": COMMIT, "siblings": siblings})
        return self._answer(404, {"error": path})

    def do_POST(self) -> None:
        path = self.path.partition("?")[0]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = "/".join(filter(None, (asked.get("organization"), asked["name"])))
            self._hub.files.setdefault(name, {})
            return self._answer(200, {"url": f"{self._hub.address}/{name}"})
        if path == "/api/validate-yaml":
            return self._answer(200, {"errors": [], "warnings": []})
        if re.fullmatch(rf"/api/models/{REPOSITORY}/preupload/.+", path):
            asked = json.loads(body)["files"]
            kinds = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False, "oid": None}
                for file in asked
            ]
            return self._answer(200, {"files": kinds})
        if found := re.fullmatch(rf"/api/models/{REPOSITORY}/commit/.+", path):
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    value = line["value"]
                    content = base64.b64decode(value["content"])
                    self._hub.files[found["name"]][value["path"]] = content
            url = f"{self._hub.address}/{found['name']}/commit/{COMMIT}"
            return self._answer(200, {"success": True, "commitUrl": url, "commitOid": COMMIT})
        return self._answer(404, {"error": path})

    @property
    def _hub(self) -> Hub:
        hub: Hub = self.server.hub  # type: ignore[attr-defined]
        return hub

    def _answer(self, code: int, data: Any, headers: dict[str, str] | None = None) -> None:
        self._send(code, json.dumps(data).encode(), headers or {})

    def _send(self, code: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(code)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _tag(content: bytes) -> str:
    return f'"{hashlib.sha1(content).hexdigest()}"'
