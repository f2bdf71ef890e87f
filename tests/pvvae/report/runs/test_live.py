"""The live page is the report's, and the server gives nothing else away."""

import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from pvvae.errors import ConfigError
from pvvae.report.runs.live import fingerprint, serve
from pvvae.report.runs.page import report_page
from tests.pvvae.report.timeless import without_times


@pytest.fixture(scope="module")
def port(runs: Path) -> Iterator[int]:
    with serve(runs) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def ask(port: int, path: str, *, how: str = "GET", host: str | None = None) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest(how, path, skip_host=True)
    connection.putheader("Host", host or f"localhost:{port}")
    connection.endheaders()
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_it_is_the_report_with_a_script_that_asks_for_news(port: int, runs: Path) -> None:
    status, page = ask(port, "/")
    assert status == 200
    before, _, script = page.partition("<script>")
    assert without_times(before) == without_times(
        report_page(runs).removesuffix("</body>\n</html>\n")
    )
    assert f'const seen = "{ask(port, "/state")[1]}"' in script


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
        "/config.yaml",
        "/cnn/predictive/config.yaml",
        "/index.html?file=/etc/passwd",
        "/state/..",
        "\\..\\..\\etc\\passwd",
        "file:///etc/passwd",
    ],
)
def test_nothing_else_is_served(path: str, port: int) -> None:
    status, text = ask(port, path)
    assert status == 404
    assert "root:" not in text


@pytest.mark.parametrize("how", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_written(how: str, port: int) -> None:
    assert ask(port, "/", how=how)[0] == 501


def test_a_page_elsewhere_cannot_read_it_under_its_own_name(port: int) -> None:
    assert ask(port, "/", host="evil.example:80")[0] == 403
    assert ask(port, "/", how="HEAD") == (200, "")


def test_the_state_is_another_as_soon_as_a_run_is(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "vae"
    run.mkdir(parents=True)
    none = fingerprint(tmp_path / "runs")
    (run / "config.yaml").write_text("stage: predictive\n")
    (run / "metrics.jsonl").write_text("{}\n")
    begun = fingerprint(tmp_path / "runs")
    assert begun == fingerprint(tmp_path / "runs") != none
    (run / "metrics.jsonl").write_text("{}\n{}\n")
    assert fingerprint(tmp_path / "runs") != begun


def test_a_folder_without_runs_yet_is_a_line(tmp_path: Path) -> None:
    with serve(tmp_path) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert "no runs in it" in ask(server.server_port, "/")[1]
        thread.join()


def test_a_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"^127.0.0.1:{port}: cannot be listened at .*--port"):
            serve(tmp_path, port=port)
