"""`sync-proxy … -- COMMAND` and the rest of the command line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from proxy_traffic import SERVICE, create, fetch
from proxy_upstream import Upstream, upstream
from suite.nobody import nobody

from proxy.cassette import load
from proxy.cli import main
from proxy.serve import start_recorder, start_replay

ROOT = Path(__file__).parents[2]
VARIABLES = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
    "TWILIO_CA_BUNDLE",
    "SYNC_PROXY_URL",
]


def run(*arguments: object, code: int = 0, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "proxy", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False, **options)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done


def python(code: str) -> tuple[str, ...]:
    return ("--", sys.executable, "-c", code)


@pytest.fixture
def cassette(record) -> Path:
    return record(create("orders"), fetch()).path


def test_the_child_gets_every_variable_and_none_that_leads_around(cassette: Path) -> None:
    inherited = {
        **os.environ,
        "NO_PROXY": "*",
        "no_proxy": "sync.twilio.com",
        "TWILIO_EDGE": "sydney",
        "KEPT": "1",
        "HTTP_PROXY": "http://x",
    }
    out = run("replay", cassette, *python("import json, os; print(json.dumps(dict(os.environ)))"), env=inherited).stdout
    found = json.loads(out)
    for name in VARIABLES:
        assert found[name], name
    assert len({found[name] for name in VARIABLES[:6]}) == 1
    assert found["HTTPS_PROXY"].startswith("http://127.0.0.1:")
    assert found["SYNC_PROXY_URL"].startswith("http://127.0.0.1:")
    assert not {"NO_PROXY", "no_proxy", "TWILIO_EDGE"} & set(found)
    assert found["KEPT"] == "1"


def test_the_authority_is_its_own_and_added_to_the_systems(cassette: Path, tmp_path: Path) -> None:
    system = tmp_path / "system.pem"
    system.write_text("-----BEGIN CERTIFICATE-----\nthe system's\n-----END CERTIFICATE-----\n")
    shown = "*(open(os.environ[name]).read() for name in ('SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS'))"
    code = f"import os; print({shown}, sep='|')"
    variables = {
        **os.environ,
        "SSL_CERT_FILE": str(system),
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }
    both, own = run("replay", cassette, *python(code), env=variables).stdout.split("|")
    assert "the system's" in both
    assert own.strip() in both
    assert "the system's" not in own
    assert not (tmp_path / ".mitmproxy").exists()
    assert not (tmp_path / "config").exists()  # with a command it is thrown away afterwards


@pytest.mark.parametrize("code", [7])
def test_the_childs_exit_code_is_passed_on(cassette: Path, code: int) -> None:
    run("replay", cassette, *python(f"raise SystemExit({code})"), code=code)


def test_the_childs_death_by_signal_is_128_and_its_number(cassette: Path) -> None:
    run("replay", cassette, *python("import os; os.kill(os.getpid(), 9)"), code=137)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_reach_the_child_which_decides(cassette: Path, number: signal.Signals) -> None:
    code = (
        "import signal, sys, time\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit(5))\n"
        "print('ready', flush=True)\ntime.sleep(30)"
    )
    command = [sys.executable, "-m", "proxy", "replay", cassette, *python(code)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.wait(20) == 5


def test_a_command_that_is_not_there_says_so(cassette: Path) -> None:
    assert "no-such-program can't be run" in run("replay", cassette, "--", "no-such-program", code=3).stderr


def test_unused_interactions_fail_the_run_when_asked_to(cassette: Path) -> None:
    run("replay", cassette, *python("pass"))
    done = run("replay", cassette, "--all-used", *python("pass"), code=1)
    assert "2 of the recorded interactions were not asked for: 1, 2" in done.stderr


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl_goes_through_too(tmp_path: Path, certificate: Path) -> None:
    path = tmp_path / "c.yaml"
    curl = (
        "--",
        "curl",
        "-sS",
        "-u",
        "AC" + "a" * 32 + ":token-of-curl",
        f"https://sync.twilio.com/v1/Services/{SERVICE}/Streams",
    )
    with upstream(certificate) as server:
        first = run("record", path, "--upstream", server.url, "--upstream-ca", certificate, *curl).stdout
    assert json.loads(first)["streams"] == []
    assert run("replay", path, *curl).stdout == first


def test_recording_with_a_base_url_and_no_command(tmp_path: Path, server: Upstream) -> None:
    path = tmp_path / "c.yaml"
    with start_recorder(path, server.url) as handle:
        seen = requests.get(f"{handle.url}/v1/x", auth=("AC" + "b" * 32, "a-long-password"), timeout=10).json()
    assert "1 interaction recorded" in handle.finished.messages
    assert len(load(path)) == 1
    for direct in (True, False):
        with start_replay(path, direct=direct) as handle:
            answer = requests.get(f"{handle.url}/v1/x", auth=("AC" + "b" * 32, "other"), timeout=10)
            assert answer.json() == seen
            assert float(answer.headers["X-Replay-Received"]) >= float(answer.headers["X-Replay-Sent"])
            assert requests.get(f"{handle.url}/v1/x", timeout=10).status_code == 422
        assert handle.finished.code == 1
        assert "miss (differs)" in handle.finished.messages


def test_a_killed_recording_is_adopted_by_the_next_start(tmp_path: Path, server: Upstream) -> None:
    path = tmp_path / "c.yaml"
    handle = start_recorder(path, server.url)
    for number in range(5):
        requests.get(f"{handle.url}/v1/{number}", auth=("AC" + "b" * 32, "a-long-password"), timeout=10)
    os.kill(handle.pid, signal.SIGKILL)
    assert handle.stop().code == -signal.SIGKILL
    said = run("replay", path, *python("pass")).stderr
    assert "adopted 5 interactions" in said
    assert len(load(path)) == 5


@pytest.fixture
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["replay", "none.yaml"], 3, "none.yaml:1: the cassette can't be read"),
        (["replay"], 4, "required: cassette"),
        (["rewind", "x"], 4, "invalid choice"),
        (["record", "none/c.yaml", "--", "true"], 3, "can't be recorded to"),
        (["record", "c.yaml", "--upstream", "ftp://x"], 3, "give http or https"),
        (["record", "c.yaml", "--upstream", "http://u:p@x"], 3, "give http or https"),
        (["record", "c.yaml", "--extra", "[1]"], 3, "JSON object"),
        (["record", "c.yaml", "--secret-from", "NOT_SET_HERE"], 3, "NOT_SET_HERE"),
        (["record", "c.yaml", "--rules", "none.yaml"], 3, "none.yaml: the rules file can't be read"),
        (["replay", "c.yaml", "--"], 4, "comes the command"),
        (["replay", "c.yaml", "--direct", "--", "true"], 3, "leave it out"),
        (["replay", "."], 3, ". is a folder"),
        (["record", ".", "--", "true"], 3, ". is a folder"),
        (["record", "c.yaml", "python", "app.py"], 4, "python app.py is not understood; a command to run comes after"),
    ],
)
def test_wrong_usage_says_what_to_do(arguments: list[str], code: int, sentence: str, capfd, in_empty_folder) -> None:
    assert main(arguments) == code
    assert sentence in capfd.readouterr().err


def test_check_looks_at_a_cassette(cassette: Path, capsys) -> None:
    assert main(["check", str(cassette)]) == 0
    assert "2 interactions, each of which finds its answer" in capsys.readouterr().out
    cassette.write_text(cassette.read_text().replace("orders", "other"))
    cassette.write_text(cassette.read_text().replace("status: 201", "status: 200"))
    assert main(["check", str(cassette)]) == 3
    assert "--allow-edited" in capsys.readouterr().err
    assert main(["check", "--allow-edited", str(cassette)]) == 0


def test_a_recorder_and_a_replay_of_the_same_file(tmp_path: Path, server: Upstream, cassette: Path) -> None:
    """Replaying goes on with what is there while somebody records it anew."""
    command = [
        sys.executable,
        "-m",
        "proxy",
        "record",
        cassette,
        "--force",
        "--upstream",
        server.url,
        *python("import time; print(1, flush=True); time.sleep(30)"),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "1\n"
        run("replay", cassette, *python("pass"))
        assert "is being recorded by another process" in run("append", cassette, *python("pass"), code=3).stderr
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 128 + signal.SIGTERM
    assert len(load(cassette)) == 2  # nothing was recorded in its place


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (("--", "no-such-program"), 3, "can't be run"),
        (python("pass"), 1, "nothing was recorded"),
        (python("raise SystemExit(7)"), 7, "nothing was recorded"),
    ],
)
def test_a_recording_of_nothing_is_no_cassette(tmp_path: Path, command: tuple[str, ...], code: int, said: str) -> None:
    for mode in ("record", "once"):
        assert said in run(mode, tmp_path / "c.yaml", *command, code=code).stderr
        assert list(tmp_path.iterdir()) == []


def test_a_recording_of_nothing_does_not_replace_one(cassette: Path, server: Upstream) -> None:
    before = cassette.read_bytes()
    done = run("record", cassette, "--force", "--upstream", server.url, *python("pass"), code=1)
    assert f"{cassette} stays as it was" in done.stderr
    run("append", cassette, "--upstream", server.url, *python("pass"))
    assert cassette.read_bytes() == before


def test_an_upstream_that_can_not_be_reached_is_told_once(tmp_path: Path) -> None:
    code = """if True:
        import os, urllib.request, urllib.error
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for _ in range(3):
            try:
                opener.open(os.environ["SYNC_PROXY_URL"] + "/v1/x")
            except urllib.error.HTTPError as error:
                print(error.code)
    """
    with nobody() as url:
        done = run("record", tmp_path / "c.yaml", "--upstream", url, *python(code))
    assert done.stdout.split() == ["502"] * 3
    assert done.stderr.count("no answer from upstream") == 1


def test_the_environments_secrets_are_searched_for(tmp_path: Path, server: Upstream) -> None:
    path = tmp_path / "c.yaml"
    code = """if True:
        import os, urllib.request
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        url = os.environ["SYNC_PROXY_URL"] + "/v1/" + os.environ["MY_API_SECRET"]
        opener.open(urllib.request.Request(url, headers={"Authorization": "x y"}))
    """
    run("record", path, "--upstream", server.url, *python(code), env={**os.environ, "MY_API_SECRET": "do-not-write-me"})
    assert "do-not-write-me" not in path.read_text()
    assert server.requests[0][1] == "/v1/do-not-write-me"


def test_without_mitmproxy_it_says_what_to_install_and_replays_directly(cassette: Path) -> None:
    code = "import sys; sys.modules['mitmproxy'] = None; from proxy.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "replay", str(cassette)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 3
    assert "pip install 'twilio-sync-conformance[proxy]'" in done.stderr
    with subprocess.Popen([*command, "--direct"], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("sync-proxy listening on http://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
