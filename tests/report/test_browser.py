"""The pages in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from report.browser import Browser

Pages = dict[str, Path]
ALL = ("failing", "good", "hostile", "cut_off", "matrix")
SHOWN = "return [...document.querySelectorAll('[data-rule]')].filter(r => r.offsetParent).map(r => r.id)"


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


@pytest.mark.parametrize(
    ("name", "dark"), [("failing", False), ("failing", True), ("good", False), ("cut_off", True), ("matrix", False)]
)
def test_axe_finds_nothing(window: Browser, pages: Pages, name: str, dark: bool) -> None:
    window.look(pages[name], dark=dark)
    window.run("[...document.querySelectorAll('details')].forEach((d, i) => { if (i % 9 == 0) d.open = true })")
    assert window.violations() == []


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
    window.driver.execute_async_script("setTimeout(arguments[0], 50)")
    assert shown(window) == everything


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


def test_a_view_can_be_linked(window: Browser, pages: Pages) -> None:
    window.look(pages["failing"])
    for selector in ("input[value=fail]", "input[value=must]"):
        press(window, selector)
    address, view = window.driver.current_url, shown(window)
    assert "#outcome=fail&level=must" in address
    window.look(pages["failing"], "#outcome=fail&level=must")
    assert shown(window) == view == ["TTL-DATE-EXPIRES"]
    assert window.run("return document.querySelector('input[value=must]').checked")


def test_a_link_to_a_rule_opens_it_also_when_it_is_filtered_away(window: Browser, pages: Pages) -> None:
    window.look(pages["failing"], "#outcome=fail")
    assert "FETCH-STATUS" not in shown(window)
    window.run("location.hash = 'FETCH-STATUS'")
    window.driver.execute_async_script("setTimeout(arguments[0], 100)")
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
    press(window, "#TTL-DATE-EXPIRES .copy")
    copied = window.driver.execute_async_script(
        "const done = arguments[0];"
        "setTimeout(() => navigator.clipboard.readText().then(done, e => done('error ' + e)), 200)"
    )
    assert copied == window.run("return document.querySelector('#TTL-DATE-EXPIRES .curl pre').textContent")
    assert copied.startswith("curl -sS")
    assert window.run("return document.querySelector('#TTL-DATE-EXPIRES .copy').textContent") == "Copied"
    assert window.run("return document.getElementById('said').textContent") == "Copied"


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
    unreachable = window.run(
        "return [...document.querySelectorAll('pre, .scroll, .matrix')]"
        ".filter(e => e.offsetParent && e.scrollHeight > e.clientHeight + 2 && e.tabIndex < 0).length"
    )
    assert unreachable == 0


@pytest.mark.parametrize("name", ["failing", "cut_off"])
def test_print_shows_every_detail_and_no_controls(window: Browser, pages: Pages, name: str) -> None:
    hidden = (
        "return [...document.querySelectorAll('.facts dd, .exchange')]"
        ".filter(e => !e.checkVisibility({contentVisibilityAuto: true, visibilityProperty: true})).length"
    )
    controls = "return [...document.querySelectorAll('#filters, .copy')].filter(e => e.offsetParent).length"
    window.look(pages[name])
    assert window.run(hidden) > 0
    assert window.run(controls) > 0
    window.print_media()
    window.wait_until(f"{hidden} === 0")
    assert window.run(hidden) == 0
    assert window.run(controls) == 0
    assert window.pdf().startswith(b"%PDF")


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
    window.driver.execute_async_script("setTimeout(arguments[0], 200)")
    assert "owned" not in window.driver.title
    refused: list[Any] = window.problems()
    assert any("Content Security Policy" in message for message in refused)


def test_the_matrix_filters_differences(window: Browser, pages: Pages) -> None:
    window.look(pages["matrix"])
    press(window, "input[name=changed]")
    differing = shown(window)
    assert "TTL-DATE-EXPIRES" in differing
    assert "FETCH-BY-SID" in differing  # not in the report that was cut off
    window.look(pages["matrix"], "#changed=yes&outcome=fail")
    assert set(shown(window)) == {"TTL-DATE-EXPIRES", "NAME-DUPLICATE-ERROR"}
