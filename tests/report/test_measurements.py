"""What is measured from a run's traffic, and drawn."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.exchange import Exchange, Headers, Request, Response
from conformance.operation import Operation
from conformance.report.measurements import (
    Life,
    Measurements,
    Timeline,
    measure,
    measurements_document,
    merge,
    pack_measurements,
    unpack_measurements,
)
from conformance.report.pictures import pictures
from report.examples import FORM, HOSTILE, SID, STARTED, exchange, log, stream


def test_a_stream_over_its_rate_becomes_a_timeline() -> None:
    (line,) = measure(log()).timelines
    assert (line.scenario, len(line.offsets), line.statuses.count(201)) == ("flood", 120, 60)
    assert line.offsets[0] == 0
    assert line.offsets[-1] == pytest.approx(119 / 60, abs=0.001)


def test_slow_messages_are_no_timeline() -> None:
    slow = [
        exchange("POST", "/slow/Messages", form={"Data": "{}"}, status=201, sent=STARTED + n / 10) for n in range(60)
    ]
    assert measure(slow).timelines == ()


def test_the_life_of_a_stream_with_a_ttl() -> None:
    (life,) = measure(log()).lives
    assert life.promises == ((0.0, 3.0),)
    assert life.alive == pytest.approx(2.5)
    assert life.gone == pytest.approx(4.0)
    assert life.stream.endswith("short")


def test_an_update_gives_a_new_promise() -> None:
    seen = [
        exchange("POST", "", form={"Ttl": "2"}, status=201, body=stream(unique_name=None), sent=STARTED),
        exchange("POST", f"/{SID}", form={"Ttl": "5"}, body=stream(), sent=STARTED + 1),
        exchange(status=404, sent=STARTED + 8),
    ]
    (life,) = measure(seen).lives
    assert life.promises == ((0.0, 2.0), (1.0, 6.0))
    assert (life.alive, life.gone) == (1.0, 8.0)


def test_a_ttl_of_0_takes_the_promise_back() -> None:
    seen = [
        exchange("POST", "", form={"Ttl": "3"}, status=201, body=stream(unique_name=None), sent=STARTED),
        exchange("POST", f"/{SID}", form={"Ttl": "0"}, body=stream(), sent=STARTED + 1),
        exchange(body=stream(), sent=STARTED + 5),
    ]
    assert measure(seen).lives == ()


@pytest.mark.parametrize(("gone", "kind"), [(2.5, "gone"), (1.5, "early"), (9.0, "gone")])
def test_a_stream_that_is_gone_before_its_time_is_drawn_so(gone: float, kind: str) -> None:
    life = Life("any", "x", ((0.0, 3.0),), 1.0, gone)
    (picture,) = pictures(measurements_document(Measurements(lives=(life,)), str))
    assert f'class="{kind}"/>' in picture.svg
    assert ("gone before its time" in [words for _, words in picture.legend]) == (kind == "early")


@pytest.mark.parametrize("seen", [[(1, "GET", 200)], [(1, "DELETE", 204), (9, "GET", 404)]])
def test_a_stream_that_was_not_watched_until_it_was_due_is_left_out(seen: list[tuple[float, str, int]]) -> None:
    first = exchange("POST", "", form={"Ttl": "3"}, status=201, body=stream())
    rest = [exchange(method, status=status, sent=STARTED + at) for at, method, status in seen]
    assert measure([first, *rest]).lives == ()


def test_sizes_are_counted_in_bytes_and_rate_tests_are_left_out() -> None:
    sizes = {(size.bytes, size.status): size.count for size in measure(log()).sizes}
    assert sizes == {(2, 201): 1, (4000, 201): 1, (4200, 413): 1, (65536, 413): 1}
    wide = exchange("POST", "/x/Messages", form={"Data": '"é"'}, status=201)
    assert measure([wide]).sizes[0].bytes == 4


def test_latency_is_told_by_nearest_rank() -> None:
    seen = [exchange(elapsed=n / 1000) for n in range(1, 101)]
    (entry,) = measurements_document(measure(seen), str)["latency"]
    assert (entry["operation"], entry["count"]) == ("fetch", 100)
    assert [entry[k] for k in ("min", "p50", "p90", "p99", "max")] == pytest.approx([1, 50, 90, 99, 100])


def test_parts_of_workers_make_the_whole() -> None:
    traffic = log()
    parts = [measure(traffic[:4]), measure(traffic[4:124]), measure(traffic[124:])]
    whole = merge([unpack_measurements(pack_measurements(part)) for part in parts])
    alone = measure(traffic)
    assert (whole.lives, whole.timelines, whole.sizes) == (alone.lives, alone.timelines, alone.sizes)
    assert dict(whole.latencies)[Operation.PUBLISH] == dict(alone.latencies)[Operation.PUBLISH]


def made(*, method: str, path: str, form: bytes, status: int | None, body: bytes, at: float) -> Exchange:
    request = Request(method, f"http://h/v1/Services/s/Streams{path}", Headers((FORM,)), form)
    return Exchange(
        request, None if status is None else Response(status, "", Headers(), body), at, at + 0.1, None, "any"
    )


FORMS = [b"", b"Ttl=3", b"Ttl=%00", b"Ttl=99999999999999", b"Data=%7B%7D", b"UniqueName=TOa&Ttl=1", b"\xff"]
BODIES = [b"", b"{", b'{"sid":"TOa"}', b'{"sid":[1]}', b'{"sid":"TOa","unique_name":{}}', b"[]", b"\xff"]
EXCHANGES = st.builds(
    made,
    method=st.sampled_from(["GET", "POST", "DELETE", "PATCH"]),
    path=st.sampled_from(["", "/TOa", "/TOa/Messages", "/%FF", "/x/y/z"]),
    form=st.sampled_from(FORMS),
    status=st.none() | st.integers(100, 599),
    body=st.sampled_from(BODIES),
    at=st.floats(0, 50),
)


@given(st.lists(EXCHANGES, max_size=40))
@settings(max_examples=100, deadline=None)
def test_any_traffic_can_be_measured_and_drawn(traffic: list[Exchange]) -> None:
    for picture in pictures(measurements_document(measure(traffic), str)):
        ET.fromstring(str(picture.svg))
        ET.fromstring(str(picture.narrow))
        assert all(len(row) == len(picture.columns) for row in picture.rows)


def test_all_four_pictures_are_drawn_and_are_xml() -> None:
    drawn = pictures(measurements_document(measure(log()), str))
    assert [picture.key for picture in drawn] == ["rate", "ttl", "sizes", "latency"]
    for picture in drawn:
        for drawing in (picture.svg, picture.narrow):
            root = ET.fromstring(str(drawing))
            assert root.get("role") == "img"
            assert root.get("aria-label")
        assert picture.rows
        assert picture.legend


def test_every_picture_says_in_a_sentence_what_was_found() -> None:
    rate, ttl, sizes, latency = (picture.finding for picture in pictures(measurements_document(measure(log()), str)))
    assert rate.startswith("Of 120 messages to 1 stream 60 were accepted and 60 refused with 429.")
    assert ttl == "Of 1 stream with a Ttl none went before its time, and none answered after it."
    assert sizes == "The largest message accepted had 4,000 bytes, the smallest refused for its size 4,200."
    assert latency.startswith("The slowest median is ")


def test_late_and_early_ends_are_counted() -> None:
    lives = (
        Life("a", "x", ((0.0, 3.0),), 13.0, None),
        Life("b", "x", ((0.0, 3.0),), 4.5, 9.0),
        Life("c", "x", ((0.0, 3.0),), 1.0, 1.5),
    )
    (picture,) = pictures(measurements_document(Measurements(lives=lives), str))
    assert picture.finding == (
        "Of 3 streams with a Ttl 1 went before its time; 2 still answered after it, the last 10.0 s late."
    )


def test_streams_of_one_scenario_are_told_apart() -> None:
    lines = tuple(Timeline("flood", f"conformance-1-flood-{n}", (0.0, 0.1), (201, 429)) for n in "ab")
    (picture,) = pictures(measurements_document(Measurements(timelines=lines), str))
    assert ">flood, a<" in picture.svg
    assert ">flood, b<" in picture.svg


def test_nothing_measured_is_nothing_drawn() -> None:
    assert pictures(None) == []
    assert pictures(measurements_document(Measurements(), str)) == []


def test_what_a_target_names_a_stream_is_harmless_in_a_picture() -> None:
    line = Timeline(HOSTILE, HOSTILE, (0.0,), (0,))
    (picture,) = pictures(measurements_document(Measurements(timelines=(line,)), str))
    assert "<script" not in picture.svg
    assert "\u202e" not in picture.svg
    ET.fromstring(str(picture.svg))
