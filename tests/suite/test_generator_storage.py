"""Where hypothesis keeps its tables while the suite runs: nowhere that stays, unless somebody has chosen a place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import configuration

from conformance.properties.storage import HOME, stored_elsewhere

CHOICE = "HYPOTHESIS_STORAGE_DIRECTORY"


@pytest.fixture(autouse=True)
def _nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(CHOICE, raising=False)
    before = vars(configuration)[HOME]
    configuration.set_hypothesis_home_dir(None)
    yield
    configuration.set_hypothesis_home_dir(before)


def home() -> Path:
    return Path(vars(configuration)[HOME])


def test_a_folder_is_used_and_removed_again() -> None:
    with stored_elsewhere():
        inside = home()
        assert inside.is_dir()
        assert inside.name.startswith("sync-conformance-")
    assert not inside.exists()
    assert vars(configuration)[HOME] is None


def test_the_folder_goes_away_after_an_error_too() -> None:
    used: list[Path] = []

    @stored_elsewhere()
    def stumble() -> None:
        used.append(home())
        raise KeyError

    with pytest.raises(KeyError):
        stumble()
    assert not used[0].exists()
    assert vars(configuration)[HOME] is None


def test_a_folder_chosen_in_hypothesis_stays(tmp_path: Path) -> None:
    configuration.set_hypothesis_home_dir(tmp_path)
    with stored_elsewhere():
        assert home() == tmp_path
    assert tmp_path.is_dir()
    assert home() == tmp_path


def test_a_folder_chosen_in_the_environment_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(CHOICE, str(tmp_path))
    with stored_elsewhere():
        assert vars(configuration)[HOME] is None
    assert tmp_path.is_dir()


def test_hypothesis_own_default_counts_as_no_choice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(configuration, f"{HOME}_default", tmp_path, raising=False)
    configuration.set_hypothesis_home_dir(tmp_path)
    with stored_elsewhere():
        assert home() != tmp_path
    assert home() == tmp_path


def test_it_can_be_put_on_a_function() -> None:
    @stored_elsewhere()
    def inside() -> Path:
        return home()

    assert inside().name.startswith("sync-conformance-")
    assert inside() != inside()
