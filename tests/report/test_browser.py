"""The pages in a real browser."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from report.browser import Browser

Pages = dict[str, Path]
ALL = ("failing", "good", "hostile", "cut_off", "matrix", "many")
SHOWN = "return [...document.querySelectorAll('[data-rule]')].filter(r => r.offsetParent).map(r => r.id)"


@dataclass(frozen=True, slots=True)
class View:
    """One way to look at a page."""

    page: str
    fragment: str = ""
    width: int = 1280
    dark: bool = False


def shown(window: Browser) -> list[str]:
    """The rules that are on the page and not filtered away."""
    found: list[str] = window.run(SHOWN)
    return found


def press(window: Browser, selector: str) -> None:
    window.run("document.querySelector(arguments[0]).click()", selector)


@pytest.mark.parametrize("name", ALL)
def test_no_console_message_and_no_network(window: Browser, pages: Pages, name: str) -> None:
    window.problems()
    window.look(pages[name])
    assert window.problems() == []
    loaded = window.run("return performance.getEntriesByType('resource').map(e => e.name)")
    assert [url for url in loaded if not url.startswith("data:")] == []


VIEWS = {
    "failing": View("failing"),
    "failing, dark": View("failing", dark=True),
    "failing, on a phone": View("failing", width=360),
    "filtered": View("failing", "#outcome=fail&level=must&q=ttl", dark=True),
    "nothing fits": View("failing", "#q=nothing-has-this", width=360, dark=True),
    "good": View("good"),
    "cut off": View("cut_off", dark=True),
    "matrix": View("matrix"),
    "matrix, dark": View("matrix", dark=True),
    "matrix on a phone": View("matrix", "#changed=yes", width=360),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_axe_finds_nothing(window: Browser, pages: Pages, view: View) -> None:
    """With rules open: the failed ones, and every ninth of the others."""
    window.look(pages[view.page], view.fragment, width=view.width, dark=view.dark)
    window.run("[...document.querySelectorAll('details')].forEach((d, i) => { if (i % 9 == 0) d.open = true })")
    assert window.violations() == []


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize(("name", "tables"), [("failing", 1), ("matrix", 2)])
def test_a_screen_reader_meets_tables_also_on_a_phone(
    window: Browser, pages: Pages, name: str, tables: int, width: int
) -> None:
    """Where CSS lays a table out as blocks a browser may forget that it is one."""
    window.look(pages[name], width=width)
    roles = window.roles()
    assert roles["table"] >= tables
    assert roles["row"] > 15
    assert roles["rowheader"] > 15
    assert roles["cell"] + roles["gridcell"] > 15


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_wider_than_a_phone(window: Browser, pages: Pages, name: str) -> None:
    window.look(pages[name], width=360, height=740)
    window.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert window.run("return document.documentElement.scrollWidth") <= 360


def test_filters_show_what_they_say(window: Browser, pages: Pages) -> None:
    window.look(pages["failing"])
    everything = shown(window)
    press(window, "input[value=fail]")
    assert set(shown(window)) == {"TTL-DATE-EXPIRES", "NAME-DUPLICATE-ERROR"}
    press(window, "input[value=blocked]")
    assert len(shown(window)) == 3
    press(window, "input[value=should]")
    assert shown(window) == ["NAME-DUPLICATE-ERROR"]
    assert window.run("return document.getElementById('shown').textContent").startswith("1 of ")
    press(window, "#filters button[type=reset]")
    assert shown(window) == everything
    assert window.driver.current_url.endswith("#all")


def test_a_filter_by_feature_and_text(window: Browser, pages: Pages) -> None:
    window.look(pages["failing"])
    change = """const field = document.getElementById('filters').elements[arguments[0]];
        field.value = arguments[1];
        field.dispatchEvent(new Event('input', {bubbles: true}))"""
    window.run(change, "feature", "ttl")
    assert all(rule.startswith("TTL-") for rule in shown(window))
    window.run(change, "q", "Published extend")
    assert shown(window) == []
    assert window.run("return document.getElementById('nothing').offsetParent !== null")
    window.run(change, "q", "PUBLISHING expiry")
    assert shown(window) == ["TTL-PUBLISH-DOES-NOT-EXTEND"]
    assert window.driver.current_url.endswith("#feature=ttl&q=PUBLISHING+expiry")
    window.look(pages["failing"], "#feature=ttl&q=PUBLISHING+expiry")
    assert shown(window) == ["TTL-PUBLISH-DOES-NOT-EXTEND"]


def test_a_view_can_be_linked(window: Browser, pages: Pages) -> None:
    window.look(pages["failing"])
    for selector in ("input[value=fail]", "input[value=must]"):
        press(window, selector)
    address, view = window.driver.current_url, shown(window)
    assert "#outcome=fail&level=must" in address
    window.look(pages["failing"], "#outcome=fail&level=must")
    assert shown(window) == view == ["TTL-DATE-EXPIRES"]
    assert window.run("return document.querySelector('input[value=must]').checked")
    top = window.run("return document.getElementById('filters').getBoundingClientRect().top")
    assert 0 <= top < 300  # the reader sees what the link is about, and what is filtered


def test_a_link_to_a_rule_opens_it_also_when_it_is_filtered_away(window: Browser, pages: Pages) -> None:
    window.look(pages["failing"], "#outcome=fail")
    assert "FETCH-STATUS" not in shown(window)
    window.run("location.hash = 'FETCH-STATUS'")
    window.wait_until("return document.getElementById('FETCH-STATUS').open")
    assert "FETCH-STATUS" in shown(window)
    assert window.run("return document.getElementById('FETCH-STATUS').open")
    place = window.run("return document.getElementById('FETCH-STATUS').getBoundingClientRect().top")
    assert -5 <= place < 900


def test_every_link_of_a_page_leads_somewhere(window: Browser, pages: Pages) -> None:
    for name in ALL:
        window.look(pages[name])
        dead = window.run(
            "return [...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.getAttribute('href').slice(1))"
            ".filter(id => !document.getElementById(id))"
        )
        assert dead == []
        ids = window.run("return [...document.querySelectorAll('[id]')].map(e => e.id)")
        assert len(ids) == len(set(ids))


def test_the_copy_button_copies_the_curl_command(window: Browser, pages: Pages) -> None:
    window.allow_clipboard()
    window.look(pages["failing"])
    copied = copied_by(window, "#TTL-DATE-EXPIRES .copy")
    assert copied == window.run("return document.querySelector('#TTL-DATE-EXPIRES .curl pre').textContent")
    assert copied.startswith("curl -sS")


def copied_by(window: Browser, button: str) -> str:
    """What is on the clipboard after that button was pressed, and had said so."""
    watch = """window.labels = [];
        const button = document.querySelector(arguments[0]);
        new MutationObserver(() => window.labels.push(button.textContent)).observe(button, {childList: true});"""
    window.run(watch, button)
    press(window, button)
    window.wait_until("return window.labels.length > 0")
    assert window.run("return window.labels[0]") == "Copied"
    assert window.run("return document.getElementById('said').textContent") == "Copied"
    read = "navigator.clipboard.readText().then(arguments[0], e => arguments[0]('error ' + e))"
    return str(window.driver.execute_async_script(read))


def test_the_link_to_a_view_is_copied_also_when_a_rule_was_followed(window: Browser, pages: Pages) -> None:
    window.allow_clipboard()
    window.look(pages["failing"], "#outcome=fail&level=must")
    window.run("document.querySelector('.broken a[href=\"#TTL-DATE-EXPIRES\"]').click()")
    window.wait_until("return location.hash === '#TTL-DATE-EXPIRES'")
    assert copied_by(window, "#link").endswith("#outcome=fail&level=must")


def test_back_and_reload_keep_the_view(window: Browser, pages: Pages) -> None:
    window.look(pages["failing"], "#survey")
    everything = shown(window)
    window.run("location.hash = '#outcome=fail'")
    failed = "return document.querySelectorAll('[data-rule]:not([hidden])').length === 2"
    window.wait_until(failed)
    assert set(shown(window)) == {"TTL-DATE-EXPIRES", "NAME-DUPLICATE-ERROR"}
    window.driver.refresh()
    assert set(shown(window)) == {"TTL-DATE-EXPIRES", "NAME-DUPLICATE-ERROR"}
    window.run("location.hash = 'FETCH-STATUS'")  # filtered away: following a link to it takes the filters off
    window.wait_until("return document.getElementById('FETCH-STATUS').open")
    assert shown(window) == everything
    window.driver.back()
    window.wait_until(failed)
    assert len(shown(window)) == 2
    assert window.run("return document.querySelector('input[value=fail]').checked")
    window.look(pages["failing"])
    window.run("location.hash = '#outcome=fail'")
    window.wait_until(failed)
    window.driver.back()
    window.wait_until("return location.hash === '' && !document.querySelector('[data-rule][hidden]')")
    assert shown(window) == everything


@pytest.mark.parametrize("name", ["failing", "matrix"])
def test_without_script_the_page_is_complete(window: Browser, pages: Pages, name: str) -> None:
    window.look(pages[name])
    with_script = len(shown(window))
    window.scripts(on=False)
    try:
        window.look(pages[name])
        text = window.driver.find_element("tag name", "body").text
        assert "TTL-DATE-EXPIRES" in text
        assert not window.driver.find_element("id", "filters").is_displayed()
        assert not [b for b in window.driver.find_elements("css selector", ".copy") if b.is_displayed()]
        rules = window.driver.find_elements("css selector", "[data-rule]")
        assert len([rule for rule in rules if rule.is_displayed()]) == with_script
        if name == "failing":
            window.driver.find_element("css selector", "#FETCH-STATUS > summary").click()
            assert "Who says so" in window.driver.find_element("id", "FETCH-STATUS").text
    finally:
        window.scripts(on=True)


def test_everything_can_be_reached_with_the_keyboard(window: Browser, pages: Pages) -> None:
    window.look(pages["failing"])
    body = window.driver.find_element("tag name", "body")
    body.send_keys("\ue004")  # Tab
    assert window.run("return document.activeElement.textContent") == "Skip to the content"
    window.run("document.querySelector('#FETCH-STATUS > summary').focus()")
    window.driver.switch_to.active_element.send_keys("\ue007")  # Enter
    assert window.run("return document.getElementById('FETCH-STATUS').open")
    window.run("document.querySelector('input[value=fail]').focus()")
    window.driver.switch_to.active_element.send_keys(" ")
    assert len(shown(window)) == 2
    style = window.run(
        "const s = getComputedStyle(document.activeElement); return [s.outlineStyle, parseFloat(s.outlineWidth)]"
    )
    assert style == ["solid", 3]
    unreachable = window.run(
        "return [...document.querySelectorAll('pre, .scroll, .matrix')]"
        ".filter(e => e.offsetParent && e.scrollHeight > e.clientHeight + 2 && e.tabIndex < 0).length"
    )
    assert unreachable == 0


def test_the_keyboard_goes_through_the_page_in_its_order(window: Browser, pages: Pages) -> None:
    window.look(pages["failing"])
    seen = []
    for _ in range(60):
        window.driver.switch_to.active_element.send_keys("\ue004")  # Tab
        seen.append(window.run("return Math.round(document.activeElement.getBoundingClientRect().top + scrollY)"))
    seen = seen[1:]  # the first is the link that skips to the content, out of sight until then
    steps_back = [(one, other) for one, other in pairwise(seen) if other < one - 60]  # more than within a row
    assert steps_back == []


@pytest.mark.parametrize("name", ["failing", "cut_off"])
def test_print_shows_what_is_broken_in_full_and_no_controls(window: Browser, pages: Pages, name: str) -> None:
    """What holds is printed in a line; a report is to be read on paper too."""
    visible = "e.checkVisibility({contentVisibilityAuto: true, visibilityProperty: true})"
    hidden = (
        "return [...document.querySelectorAll('details:not(.quiet) .facts dd, details:not(.quiet) .exchange')]"
        f".filter(e => !e.closest('.quiet') && !{visible}).length"
    )
    quiet = f"return [...document.querySelectorAll('.quiet .facts dd')].filter(e => {visible}).length"
    controls = "return [...document.querySelectorAll('#filters, .copy')].filter(e => e.offsetParent).length"
    window.look(pages[name])
    assert window.run(hidden) > 0
    assert window.run(controls) > 0
    window.print_media()
    window.wait_until(f"{hidden} === 0")
    assert window.run(hidden) == 0
    assert window.run(controls) == 0
    assert window.run(quiet) == 0
    pdf = window.pdf()
    assert pdf.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) < 40


@pytest.mark.parametrize(("width", "kind"), [(1280, "wide"), (360, "narrow")])
def test_pictures_are_legible(window: Browser, pages: Pages, width: int, kind: str) -> None:
    """No words in a picture cover each other, leave it, or are smaller than ten pixels."""
    window.look(pages["good"], width=width, height=800)
    found = window.run("""
        const poor = [], charts = [...document.querySelectorAll('.chart:not(.swatch)')].filter(c => c.clientWidth > 0);
        for (const chart of charts) {
          const frame = chart.getBoundingClientRect(), scale = frame.width / chart.viewBox.baseVal.width;
          const words = [...chart.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect(), t]);
          for (const [text, box, node] of words) {
            if (box.left < frame.left - 1 || box.right > frame.right + 1) poor.push(text + ' leaves');
            if (box.top < frame.top - 1 || box.bottom > frame.bottom + 1) poor.push(text + ' leaves');
            if (parseFloat(getComputedStyle(node).fontSize) * scale < 10) poor.push(text + ' is small');
          }
          words.forEach(([one, a], n) => words.slice(n + 1).forEach(([other, b]) => {
            const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
            if (across > 1 && down > 4) poor.push(one + ' covers ' + other);
          }));
        }
        return [charts.map(c => c.getAttribute('class')), poor]""")
    assert found == [[f"chart {kind}"] * 4, []]


def test_hostile_content_runs_nothing_and_hides_nothing(window: Browser, pages: Pages) -> None:
    window.look(pages["hostile"])
    assert "owned" not in window.driver.title
    assert window.run("return document.querySelectorAll('main').length") == 1
    assert window.run("return document.querySelectorAll('footer').length") == 1
    assert window.run("return document.querySelectorAll('img, iframe').length") == 0
    text = window.run("return document.body.textContent")
    assert "<script>document.title='owned'</script>" in text
    assert "\\u202egnp.exe" in text
    assert not {"\x1b", "\u202e", "\u2066", "\u200b", "\x00"} & set(text)


def test_even_injected_markup_could_not_run_or_load(window: Browser, pages: Pages, tmp_path: Path) -> None:
    """The second wall: the page's policy, should the first one ever have a hole."""
    html = pages["good"].read_text()
    hole = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">"
    broken = tmp_path / "hole.html"
    broken.write_text(html.replace("<main", hole + "<main"))
    window.look(broken)
    refused: list[str] = []
    deadline = time.monotonic() + 10
    while sum("Content Security Policy" in message for message in refused) < 3 and time.monotonic() < deadline:
        refused += window.problems()  # of the script, of the picture, and of the handler of the picture's failure
    assert sum("Content Security Policy" in message for message in refused) == 3
    assert "owned" not in window.driver.title


def test_the_matrix_filters_differences(window: Browser, pages: Pages) -> None:
    window.look(pages["matrix"])
    press(window, "input[name=changed]")
    differing = shown(window)
    assert "TTL-DATE-EXPIRES" in differing
    assert "FETCH-BY-SID" in differing  # not in the report that was cut off
    window.look(pages["matrix"], "#changed=yes&outcome=fail")
    assert set(shown(window)) == {"TTL-DATE-EXPIRES", "NAME-DUPLICATE-ERROR"}
