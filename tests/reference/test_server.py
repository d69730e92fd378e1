"""The command and the server on a real socket, as other programs and Twilio's own client meet them."""

import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
import uvicorn
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client as TwilioClient

from reference_impl.app import create_app, server_config
from reference_impl.clock import ManualClock

from .client import FORM, LOGIN, STREAMS

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("TWILIO_")}


@contextmanager
def served(*options: str, environment: dict[str, str] = ENVIRONMENT) -> Iterator[tuple[subprocess.Popen, dict]]:
    command = [sys.executable, "-m", "reference_impl", "--port", "0", "--json", "--exit-with-stdin", *options]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


@pytest.fixture(scope="module")
def server() -> Iterator[dict]:
    with served() as (_, ready):
        yield ready


@contextmanager
def connect(ready: dict) -> Iterator[http.client.HTTPConnection]:
    with closing(http.client.HTTPConnection(ready["url"].removeprefix("http://"), timeout=20)) as connection:
        yield connection


def post(connection: http.client.HTTPConnection, target: str, body: str = "") -> http.client.HTTPResponse:
    connection.request("POST", target, body, {"Authorization": LOGIN, "Content-Type": FORM})
    return connection.getresponse()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_announces_itself_and_leaves_quietly(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "reference_impl", "--port", "0", "--service", f"third=IS{'c' * 32}"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        lines = [process.stdout.readline().rstrip("\n") for _ in range(6)]
        start, url = lines[0].rsplit(" ", 1)
        assert start == "sync-reference listening on"
        assert lines[1:3] == [f"account sid: AC{'0123456789abcdef' * 2}", f"auth token: {'fake' * 8}"]
        assert [line.partition(":")[0] for line in lines[3:]] == ["service default", "service second", "service third"]
        assert lines[5] == f"service third: IS{'c' * 32}"
        with connect({"url": url}) as connection:
            post(connection, STREAMS).read()  # and stays connected
            process.send_signal(number)
            out, err = process.communicate(timeout=20)
        assert (process.returncode, out, err) == (0, "", "")


def test_it_leaves_when_its_input_closes() -> None:
    with served() as (process, _):
        process.stdin.close()
        assert process.wait(timeout=20) == 0
        assert process.stderr.read() == ""


def test_a_port_in_use_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = subprocess.run(
            [sys.executable, "-m", "reference_impl", "--port", port],
            capture_output=True,
            check=False,
            text=True,
            env=ENVIRONMENT,
        )
    assert (result.returncode, result.stdout) == (3, "")
    assert (
        result.stderr
        == f"Can't listen on 127.0.0.1 port {port}: Address already in use; give another --host or --port.\n"
    )


@pytest.mark.parametrize(
    "options", [["--account-sid", "AC1"], ["--api-key", "SK1:x"], ["--service", "x=IS1"], ["--service-sid", "IS1"]]
)
def test_a_wrong_setting_is_one_sentence(options: list[str]) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "reference_impl", *options], capture_output=True, check=False, text=True, env=ENVIRONMENT
    )
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (4, "", 1)


def test_credentials_from_the_environment_are_used_but_not_printed_for_people() -> None:
    environment = {**ENVIRONMENT, "TWILIO_ACCOUNT_SID": "AC" + "e" * 32, "TWILIO_AUTH_TOKEN": "hushhush"}
    with served(environment=environment) as (_, ready):
        assert (ready["account_sid"], ready["auth_token"]) == ("AC" + "e" * 32, "hushhush")
        with connect(ready) as connection:
            assert post(connection, STREAMS).status == 401
    command = [sys.executable, "-m", "reference_impl", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        lines = [process.stdout.readline() for _ in range(3)]
        process.terminate()
    assert lines[2] == "auth token: (from TWILIO_AUTH_TOKEN)\n"


def test_of_eight_creations_of_a_name_one_wins(server: dict) -> None:
    for round_number in range(5):
        barrier = threading.Barrier(8)

        def create(_: int, name: str = f"same-{round_number}", barrier: threading.Barrier = barrier) -> int:
            with connect(server) as connection:
                connection.connect()
                barrier.wait(timeout=20)
                return post(connection, STREAMS, f"UniqueName={name}").status

        with ThreadPoolExecutor(8) as pool:
            assert sorted(pool.map(create, range(8))) == [201] + [409] * 7


def test_date_is_sent_once_and_the_server_is_not_named(server: dict) -> None:
    with connect(server) as connection:
        response = post(connection, STREAMS)
        made = datetime.fromisoformat(json.loads(response.read())["date_created"])
    (date,) = response.headers.get_all("Date")
    assert parsedate_to_datetime(date) == made
    assert abs(datetime.now(UTC) - made) < timedelta(minutes=1)
    assert response.headers["Server"] is None


def test_forwarding_headers_do_not_move_links(server: dict) -> None:
    headers = {"Authorization": LOGIN, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    with connect(server) as connection:
        connection.request("POST", STREAMS, "", headers)
        assert json.loads(connection.getresponse().read())["url"].startswith(server["url"])


def test_a_huge_body_is_refused_and_the_connection_lives(server: dict) -> None:
    with connect(server) as connection:
        response = post(connection, STREAMS, "UniqueName=" + "x" * 20_000_000)
        assert response.status == 413
        assert json.loads(response.read())["code"] == 54006
        assert post(connection, STREAMS).status == 201


def test_answers_are_not_held_back(server: dict) -> None:
    """A response in two packets waits for the client's delayed acknowledgement unless the socket says otherwise."""
    times = []
    with connect(server) as connection:
        for _ in range(15):
            start = time.perf_counter()
            post(connection, STREAMS).read()
            times.append(time.perf_counter() - start)
    assert statistics.median(times) < 0.035


@pytest.fixture
def official(server: dict) -> Iterator[TwilioClient]:
    transport = TwilioHttpClient(pool_connections=True)
    client = TwilioClient(server["account_sid"], server["auth_token"], http_client=transport)
    client.sync.base_url = server["url"]
    yield client
    transport.session.close()


def test_the_official_client(server: dict, official: TwilioClient) -> None:
    streams = official.sync.v1.services("second").sync_streams
    made = [streams.create(unique_name=f"s/{number} é", ttl=3600) for number in range(130)]
    assert [stream.sid for stream in streams.list(limit=500)] == [stream.sid for stream in made]
    assert len(streams.list(page_size=20)) == 130
    assert made[0].service_sid == server["services"]["second"]
    assert (made[0].date_expires - made[0].date_created).total_seconds() == 3600
    updated = streams(made[1].sid).update(ttl=0)
    assert updated.date_expires is None
    message = streams(made[1].sid).stream_messages.create(data={"a": [1, "é"]})
    assert message.data == {"a": [1, "é"]}
    assert streams(made[2].sid).delete() is True
    with pytest.raises(TwilioRestException) as refused:
        streams(made[2].sid).fetch()
    assert (refused.value.status, refused.value.code) == (404, 20404)
    page = streams.page(page_size=2)
    assert page.next_page().previous_page()._payload["streams"] == page._payload["streams"]


def test_a_program_can_run_it_in_a_thread_with_its_own_clock() -> None:
    clock = ManualClock()
    server = uvicorn.Server(server_config(create_app(clock=clock)))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        with connect({"url": f"http://127.0.0.1:{port}"}) as connection:
            assert json.loads(post(connection, STREAMS, "UniqueName=t&Ttl=60").read())["unique_name"] == "t"
            clock.advance(60)
            response = post(connection, f"{STREAMS}/t")
            assert (response.status, response.headers["Date"]) == (404, "Tue, 14 Nov 2023 22:14:20 GMT")
    finally:
        server.should_exit = True
        thread.join(timeout=20)
    assert not thread.is_alive()
