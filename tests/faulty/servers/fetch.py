"""Faults of fetching a stream."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from faulty.registry import fault
from reference_impl.api import Api
from reference_impl.store import Store, Stream


@fault("FETCH-STATUS", "Answers a fetch with 203.")
class FetchAnswers203(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        return replace(super().fetch_stream(request, stream), status=203)


@fault("FETCH-BY-NAME", "Finds a stream by name only when the name has fewer than 20 characters.", may=("NAME-*",))
class ForgetsLongNames(Store):
    def find_by_name(self, service_sid: str, unique_name: str, now: float) -> Stream | None:
        return super().find_by_name(service_sid, unique_name, now) if len(unique_name) < 20 else None
