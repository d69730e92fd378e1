"""The order, the limiter, the store and the settings, each against the simplest thing that does the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_impl import order as order_module
from reference_impl.clock import ManualClock, SystemClock
from reference_impl.config import Config, Service, make_services
from reference_impl.errors import ConfigError
from reference_impl.limiter import Limiter
from reference_impl.order import Order
from reference_impl.store import Store


@settings(deadline=None)
@given(
    block=st.integers(1, 5),
    items=st.lists(st.integers(0, 60), max_size=120),
    places=st.lists(st.tuples(st.integers(-1, 61), st.integers(0, 12)), max_size=10),
    in_order=st.booleans(),
)
def test_an_order_is_a_sorted_list(block: int, items: list[int], places: list[tuple[int, int]], in_order: bool) -> None:
    """An item that is there is taken out, any other put in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(order_module, "_BLOCK", block)
        order, model = Order(), []
        for item in sorted(items) if in_order else items:
            if item in model:
                order.remove(item)
                model.remove(item)
            else:
                order.add(item)
                model = sorted([*model, item])
            assert all(0 < len(part) <= block for part in order._blocks)  # what the costs rest on
            assert order.first() == (model[0] if model else None)
        for item, count in places:
            assert order.after(item, count) == [n for n in model if n > item][:count]
            below = [n for n in model if n < item]
            assert order.before(item, count) == below[len(below) - min(count, len(below)) :]


@given(st.lists(st.integers(0, 40), max_size=300), st.integers(1, 30))
def test_a_limiter_is_exact(gaps: list[int], limit: int) -> None:
    """Gaps are in 128ths of a second, which floats hold exactly. Every message is judged by those accepted."""
    limiter, now, accepted = Limiter(limit), 1000.0, []
    for gap in gaps:
        now += gap / 128
        recent = [moment for moment in accepted if now - moment < 1]
        fits = limiter.allow("k", now)
        assert fits == (len(recent) < limit)
        if fits:
            accepted.append(now)


def test_a_second_after_a_full_one_is_a_new_one() -> None:
    limiter = Limiter()
    for second in (1000.0, 1001.0, 1002.0):
        assert [limiter.allow("k", second) for _ in range(31)] == [True] * 30 + [False]
    limiter.allow("k", 1003.0)
    assert [limiter.allow("k", 1003.5) for _ in range(30)] == [True] * 29 + [False]
    assert [limiter.allow("k", 1004.0) for _ in range(2)] == [True, False]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 100)), max_size=200))
def test_keys_of_a_limiter_do_not_disturb_each_other(events: list[tuple[int, int]]) -> None:
    together, alone, now = Limiter(3), {}, 0.0
    for key, gap in events:
        now += gap / 128
        assert together.allow(str(key), now) == alone.setdefault(key, Limiter(3)).allow("k", now)


def test_a_limiter_forgets_keys_that_fell_silent() -> None:
    limiter = Limiter()
    for number in range(10_000):
        assert limiter.allow(f"k{number}", number / 10)
    assert len(limiter) < 30


def test_a_store_forgets_what_is_gone() -> None:
    store = Store()
    for number in range(2000):
        store.remove(store.add("IS", f"n{number}", 31_536_000, 0.0))
        store.add("IS", None, 1, float(number))
    assert len(store) < 50
    assert len(store._names) == 0
    assert len(store._sids) == len(store)
    kept = store.add("IS", "kept", 60, 2000.0)
    for number in range(2000):
        kept = store.set_ttl(kept, 31_536_000, 2000.0 + number)
    assert store.find_by_name("IS", "kept", 31_000_000.0) == kept
    assert store.find_by_name("IS", "kept", 32_000_000.0) is None


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "ttl", "remove", "wait"]), st.integers(0, 9), st.integers(0, 8)), max_size=60
    )
)
def test_a_store_is_a_dictionary_with_deadlines(moves: list[tuple[str, int, int]]) -> None:
    store, now, model = Store(), 0.0, {}
    for move, number, ttl in moves:
        name = f"n{number}"
        model = {key: until for key, until in model.items() if until is None or until > now}
        found = store.find_by_name("IS", name, now)
        assert (found is not None) == (name in model)
        if move == "add" and not found:
            store.add("IS", name, ttl, now)
            model[name] = now + ttl if ttl else None
        elif move == "ttl" and found:
            assert store.set_ttl(found, ttl, now).sid == found.sid
            model[name] = now + ttl if ttl else None
        elif move == "remove" and found:
            store.remove(found)
            del model[name]
        elif move == "wait":
            now += ttl
    model = {key: until for key, until in model.items() if until is None or until > now}
    assert {stream.unique_name: stream.expires for stream in store.after("IS", 0, 100, now)} == model
    assert len(store) == len(model)


def test_clocks_go_forward_only() -> None:
    clock = ManualClock(5)
    with pytest.raises(ValueError, match="never goes back"):
        clock.advance(-1)
    system = SystemClock()
    readings = [system.now() for _ in range(100)]
    assert readings == sorted(readings)


@pytest.mark.parametrize(
    "settings",
    [
        {"account_sid": "AC1"},
        {"account_sid": "SK" + "0" * 32},
        {"auth_token": ""},
        {"api_keys": {"SK": "x"}},
        {"api_keys": {"SK" + "0" * 32: ""}},
        {"services": (Service("IS1", "default"),)},
        {"services": (Service("IS" + "0" * 32, ""),)},
        {"services": (Service("IS" + "0" * 32, "a"), Service("IS" + "0" * 32, "b"))},
        {"services": (Service("IS" + "0" * 32, "a"), Service("IS" + "1" * 32, "a"))},
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        Config(**settings)


def test_services_are_the_two_built_in_and_those_named() -> None:
    fixed = "IS" + "a" * 32
    services = make_services("AC" + "0" * 32, ["third", "default"], {"default": fixed})
    assert [service.unique_name for service in services] == ["default", "second", "third"]
    assert services[0].sid == fixed
    assert len({service.sid for service in services}) == 3
