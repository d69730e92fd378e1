"""Faults of unique names when several ask for one at the same moment."""

from __future__ import annotations

import asyncio
from typing import Any

from faulty.registry import fault
from faulty.servers.names import Loose
from reference_impl.app import App
from reference_impl.errors import NameTakenError
from reference_impl.store import Stream
from reference_impl.web import parse_fields


class Interleaved(App):
    """Lets other requests in while it decides on a create with a name."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].endswith("/Streams"):
            await super().__call__(scope, receive, send)
            return
        request = await self.read_request(scope, receive)
        named = b"UniqueName" in self.api.read_form(request) if request.body else False
        await self.respond(await self.decide(request) if named else self.handle(request), scope, receive, send)

    async def decide(self, request: Any) -> Any:
        raise NotImplementedError


class Snapshot(Loose):
    """Checks names against an older state of its index, when there is one."""

    known: dict[Any, int] | None = None

    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        if self.known is None or unique_name is None:
            return super().add(service_sid, unique_name, ttl, now)
        holder = self.known.get(self.name_key(service_sid, unique_name))
        if holder in self._streams and not self.is_expired(self._streams[holder], now):  # type: ignore[index]
            raise NameTakenError
        return self.add_unchecked(service_sid, unique_name, ttl, now)


class ChecksFirst(Interleaved):
    async def decide(self, request: Any) -> Any:
        known = dict(self.api.store._names)
        await asyncio.sleep(0.05)
        return self.create(request, known)

    def create(self, request: Any, known: dict[Any, int]) -> Any:
        store: Any = self.api.store
        store.known = known
        try:
            return self.handle(request)
        finally:
            store.known = None


@fault("NAME-RACE", "Checks whether a name is taken, waits for its database, and then creates.")
def check_then_create() -> dict[str, Any]:
    return {"app": ChecksFirst, "store": Snapshot}


class TwoWorkers(ChecksFirst):
    locks: Any = None
    turn = 0

    async def decide(self, request: Any) -> Any:
        self.locks = self.locks or [asyncio.Lock(), asyncio.Lock()]
        self.turn += 1
        async with self.locks[self.turn % 2]:
            return await super().decide(request)


@fault("NAME-RACE", "Has two workers, and each guards names against its own requests only.")
def a_lock_for_each_worker() -> dict[str, Any]:
    return {"app": TwoWorkers, "store": Snapshot}


@fault("NAME-RACE", "Refuses every create of a name while another one is on its way, so that nobody wins.")
class NobodyWins(Interleaved):
    async def decide(self, request: Any) -> Any:
        waiting = self.__dict__.setdefault("waiting", {})
        name = (request.path, parse_fields(request.body)[b"UniqueName"])
        waiting.setdefault(name, []).append(request)
        await asyncio.sleep(0.1)
        alone = len(waiting[name]) == 1
        if alone:
            del waiting[name]
            return self.handle(request)
        asyncio.get_running_loop().call_later(0.2, waiting[name].remove, request)
        return self.api.finish(request, self.api.error(NameTakenError()))


@fault("NAME-RACE", "Takes equal creates at the same moment for one request sent again: all are told that they won.")
class CoalescesCreates(Interleaved):
    async def decide(self, request: Any) -> Any:
        running = self.__dict__.setdefault("running", {})
        key = (request.path, request.body)
        first = key not in running
        if first:
            running[key] = asyncio.ensure_future(asyncio.sleep(0.1, None))
        task = running[key]
        if first:
            await task
            task.answer = self.handle(request)
            del running[key]
        else:
            while not hasattr(task, "answer"):
                await asyncio.sleep(0.005)
        return self.api.finish(request, task.answer)
