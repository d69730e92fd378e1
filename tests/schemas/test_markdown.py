from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import PageError
from schemas.markdown import below, parse

LINE = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=30)


def test_a_heading_ends_with_its_closing_marks_and_its_anchor():
    titles = [s.title for s in parse("# One ##\n## Two \\[#two]\n###\tThree\n####\n")]
    assert titles == ["One", "Two", "Three", ""]


@pytest.mark.parametrize("row", ["#hashtag", "    # indented code", "text # not", "> # quoted", "####### seven"])
def test_what_only_looks_like_a_heading_is_none(row):
    (section,) = parse(f"# Title\n{row}\n")
    assert section.title == "Title"


@pytest.mark.parametrize("ticks", ["```", "~~~", "`````"])
def test_comment_lines_in_a_fence_are_no_headings(ticks):
    (section,) = parse(f"# Title\n{ticks}python\n# Download the library\n## More\n{ticks}\n")
    assert section.fences[0].text == "# Download the library\n## More"
    assert section.fences[0].language == "python"
    assert section.fences[0].line == 3


def test_a_shorter_or_other_fence_does_not_close_one():
    (section,) = parse("# T\n````md\n```\n# no\n~~~\n```\n````\n")
    assert section.fences[0].text == "```\n# no\n~~~\n```"


def test_a_fence_may_be_indented_in_a_list():
    sections = parse("# T\n* item\n\n    ```bash\n    # comment\n    ```\n## Next\n")
    assert [s.title for s in sections] == ["T", "Next"]


def test_a_fence_that_never_closes_names_heading_and_line():
    with pytest.raises(PageError) as caught:
        parse("# T\n\n## Create\n\n```json\n{}\n# not a heading\n")
    assert (caught.value.heading, caught.value.line) == ("Create", 5)
    assert "never closes" in str(caught.value)


def test_windows_line_ends_make_no_difference():
    assert parse("# A\r\n```json\r\n{}\r\n```\r\n") == parse("# A\n```json\n{}\n```\n")


def test_below_stops_at_a_heading_of_the_same_level():
    sections = parse("# T\n## A\n### A1\n#### A11\n## B\n### B1\n")
    assert [s.title for s in below(sections, 1)] == ["A1", "A11"]


@given(before=st.lists(LINE, max_size=4), inside=st.lists(LINE, max_size=6), level=st.integers(1, 6))
def test_nothing_inside_a_fence_is_ever_a_heading(before, inside, level):
    prefix = [f"t{row}" for row in before]
    body = [f"{'#' * level} {row}" for row in inside]
    sections = parse("\n".join(["# Title", *prefix, "```", *body, "```", "## End"]))
    assert [s.title for s in sections] == ["Title", "End"]
    assert sections[0].fences[0].text == "\n".join(body)
    assert sections[1].line == 4 + len(prefix) + len(body)


@given(st.lists(st.one_of(LINE, st.sampled_from(["# h", "```", "~~~", "```json", "## x", ""])), max_size=12))
def test_any_text_is_parsed_or_refused_with_a_place(rows):
    try:
        lines = [section.line for section in parse("\n".join(rows))]
    except PageError as error:
        lines = [error.line]
    assert all(1 <= line <= max(1, len(rows)) for line in lines)
