"""The flame graph: shares add up, carriers and rare frames are left out, and names are safe in XML."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from bench.flame import draw, prune, read

STACKS = (
    "main (conformance/cli.py:1);run (threading.py:9);judge (conformance/judge.py:3) 600",
    "main (conformance/cli.py:1);<lambda> (conformance/run.py:3) 399",
    "main (conformance/cli.py:1);rare (conformance/run.py:8) 1",
)


def test_what_is_rare_or_only_carries_on_is_left_out() -> None:
    root = read(STACKS)
    prune(root, 4)
    (main,) = root.calls.values()
    assert root.samples == main.samples == 1000
    assert {name: call.samples for name, call in main.calls.items()} == {
        "judge (conformance/judge.py:3)": 600,
        "<lambda> (conformance/run.py:3)": 399,
    }


def test_each_frame_is_as_wide_as_its_share() -> None:
    picture = ET.fromstring(draw(read(STACKS), "a & b"))
    space = "{http://www.w3.org/2000/svg}"
    widths = {
        group.findtext(f"{space}title"): float(group.find(f"{space}rect").attrib["width"])
        for group in picture.findall(f"{space}g")
    }
    assert widths["judge (conformance/judge.py:3): 60.0%"] == 599.6
    assert widths["<lambda> (conformance/run.py:3): 39.9%"] == 398.6
