import pytest

from reference_impl.app import create_app
from reference_impl.clock import ManualClock

from .client import Client


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_700_000_000.75)


@pytest.fixture
def client(clock: ManualClock) -> Client:
    return Client(create_app(clock=clock))
