"""Services: found by sid and by name, and kept apart."""

from __future__ import annotations

import re
from dataclasses import dataclass

from conformance.context import SAFETY_TTL, Context
from conformance.exchange import Exchange
from conformance.expect import (
    expect,
    expect_equal,
    expect_refused,
    expect_status,
    expect_success,
    json_object,
    show,
    stream_in,
    streams_in,
)
from conformance.links import next_url
from conformance.outcomes import Blocked, Inconclusive
from conformance.registry import rule, scenario
from conformance.streams import Stream, sid_in

SERVICE_SID = re.compile("IS[0-9a-fA-F]{32}")
PAGES = 20  # of 100 streams: as far as a list is walked


@dataclass(frozen=True, slots=True)
class ServiceSid:
    """A stream of the service as it was addressed, and one made through the sid, each fetched through the other."""

    stream: Stream
    by_sid: Exchange
    by_name: Exchange
    listed: Exchange
    created: Exchange
    back: Exchange


@scenario()
def service_sid(ctx: Context) -> ServiceSid:
    """A stream is fetched and listed through the service's sid, and one that was made through the sid is fetched."""
    stream, streams = ctx.make("there"), ctx.streams
    sid = stream.body.get("service_sid")
    if not isinstance(sid, str) or not sid:
        raise Blocked(f"the stream shows no sid of its service, but {show(sid)}", stream.exchange)
    name = ctx.name("back")
    return ServiceSid(
        stream=stream,
        by_sid=streams.fetch(stream.sid, service=sid),
        by_name=streams.fetch(ctx.name("there"), service=sid),
        listed=streams.list({"PageSize": 100}, service=sid),
        created=(created := streams.create({"UniqueName": name, "Ttl": SAFETY_TTL}, service=sid)),
        back=streams.fetch(sid_in(created) or name),
    )


@rule("SERVICE-BY-SID")
def test_service_by_sid(service_sid: ServiceSid) -> None:
    """Through the service's sid the stream must be found by sid and by name, and the list not be empty; the stream made
    through the sid must be found in the service as it is named on the command line."""
    for exchange in (service_sid.by_sid, service_sid.by_name):
        expect_success(exchange, "a stream to be found through the sid of its service")
        found = json_object(exchange).get("sid")
        expect_equal(found, service_sid.stream.sid, "through the sid of its service the stream", exchange)
    listed = streams_in(service_sid.listed)
    expect(listed, "streams in the list of a service that holds one", "an empty list", service_sid.listed)
    created = stream_in(service_sid.created)
    expect_success(service_sid.back, "a stream that was created through the service's sid to be found in the service")
    found = json_object(service_sid.back).get("sid")
    expect_equal(found, created.get("sid"), "the stream", service_sid.created, service_sid.back)


@scenario()
def unknown_service(ctx: Context) -> tuple[Exchange, ...]:
    """All six operations are tried in a service by a made-up sid and by a made-up name, with the sid of a stream that
    exists elsewhere."""
    stream = ctx.make("elsewhere")
    made_up = "IS" + "".join(ctx.random.choices("0123456789abcdef", k=32))
    names = (made_up, ctx.name("no-service"))
    return tuple(exchange for name in names for exchange in _six(ctx, stream, name))


def _six(ctx: Context, stream: Stream, service: str) -> tuple[Exchange, ...]:
    """The six operations through that service; the delete last, lest it takes away what the others ask for."""
    streams, name = ctx.streams, ctx.name(f"new-{service[:2].lower()}")
    return (
        streams.list(service=service),
        streams.create({"UniqueName": name, "Ttl": SAFETY_TTL}, service=service),
        streams.fetch(stream.sid, service=service),
        streams.update(stream.sid, {"Ttl": 1800}, service=service),
        streams.publish(stream.sid, '{"n": 1}', service=service),
        streams.delete(stream.sid, service=service),
    )


@rule("SERVICE-UNKNOWN")
def test_unknown_service(unknown_service: tuple[Exchange, ...]) -> None:
    """Each answer must have status 404."""
    for exchange in unknown_service:
        expect_status(exchange, 404, why="in a service that does not exist")


@dataclass(frozen=True, slots=True)
class Two:
    """A stream in each of two services."""

    ours: Stream
    theirs: Stream
    second: str


def _same(ours: Stream, theirs: Stream) -> bool:
    return ours.body.get("service_sid") == theirs.body.get("service_sid")


def _two(ctx: Context, label: str) -> Two:
    """Raises Unsupported without a second service, and Inconclusive when it is the first one once more."""
    first, second = ctx.target.service, ctx.second_service
    ours = ctx.make(f"{label}-ours")
    theirs = ctx.make(f"{label}-theirs", service=second)
    mixed = bool(SERVICE_SID.fullmatch(first)) != bool(SERVICE_SID.fullmatch(second))
    # A sid and a name may mean the same service. Two names, or two sids, never do, whatever the streams show.
    if first == second or (mixed and _same(ours, theirs)):
        raise Inconclusive("the second service is the first one: name another with --second-service-sid", ours.exchange)
    return Two(ours, theirs, second)


@dataclass(frozen=True, slots=True)
class Apart:
    """What was asked through the wrong service, and the stream in its own service before and after."""

    across: tuple[tuple[str, Exchange], ...]
    before: Exchange
    after: Exchange


@scenario()
def apart(ctx: Context) -> Apart:
    """A stream of the first service is fetched, updated, published to and deleted through the second, each by sid and
    by name, and a stream of the second is fetched through the first."""
    two, streams = _two(ctx, "apart"), ctx.streams
    sid, name, second = two.ours.sid, ctx.name("apart-ours"), two.second
    before = streams.fetch(sid)
    across = (
        ("a fetch", streams.fetch(sid, service=second)),
        ("a fetch by name", streams.fetch(name, service=second)),
        ("a fetch", streams.fetch(two.theirs.sid)),
        ("an update", streams.update(sid, {"Ttl": 1800}, service=second)),
        ("an update by name", streams.update(name, {"Ttl": 1800}, service=second)),
        ("a message", streams.publish(sid, '{"n": 1}', service=second)),
        ("a message by name", streams.publish(name, '{"n": 1}', service=second)),
        ("a delete by name", streams.delete(name, service=second)),
        ("a delete", streams.delete(sid, service=second)),
    )
    return Apart(across, before, streams.fetch(sid))


@rule("SERVICE-APART")
def test_services_are_apart(apart: Apart) -> None:
    """Each must be answered with a 4xx, and the stream be there with its dates as before."""
    for what, exchange in apart.across:
        expect_refused(exchange, f"{what} for a stream of another service")
    expect_success(apart.before)
    expect_success(apart.after, "a stream to be there after requests through another service were refused")
    before, after = json_object(apart.before), json_object(apart.after)
    for key in ("date_expires", "date_updated"):
        what = f"after requests through another service were refused, the stream's {key}"
        expect_equal(after.get(key), before.get(key), what, apart.before, apart.after)


@dataclass(frozen=True, slots=True)
class SameName:
    """One name in two services, the fetches by it, and a fetch in the first once the second's stream is deleted."""

    first: Exchange
    second: Exchange
    in_first: Exchange
    in_second: Exchange
    deleted: Exchange | None
    left: Exchange


@scenario()
def same_name(ctx: Context) -> SameName:
    """A name is used in two services and looked up in both; then the second's stream is deleted and the first's fetched
    by the name."""
    second, name, streams = _two(ctx, "name").second, ctx.name("in-both"), ctx.streams
    fields = {"UniqueName": name, "Ttl": SAFETY_TTL}
    ours, theirs = streams.create(fields), streams.create(fields, service=second)
    in_first, in_second = streams.fetch(name), streams.fetch(name, service=second)
    sid = sid_in(theirs)
    deleted = streams.delete(sid, service=second) if sid else None
    return SameName(ours, theirs, in_first, in_second, deleted, streams.fetch(name))


@rule("NAME-IN-OTHER-SERVICE")
def test_same_name_in_another_service(same_name: SameName) -> None:
    """Both creates must succeed, each service must show its own stream, and the delete must leave the other's."""
    first, second = stream_in(same_name.first), same_name.second
    expect_success(second, "a name that is taken in another service to be accepted (2xx)")
    for created, found in ((same_name.first, same_name.in_first), (second, same_name.in_second)):
        expect_success(found, "a stream to be found by a name that two services use")
        wanted = json_object(created).get("sid")
        expect_equal(json_object(found).get("sid"), wanted, "under the name the service's own stream", created, found)
    left = same_name.left
    involved = (same_name.deleted, left) if same_name.deleted else (left,)
    gone = "the stream to be found by its name after the one of that name in another service was deleted"
    expect_success(left, gone)
    expect_equal(json_object(left).get("sid"), first.get("sid"), "under the name still the stream", *involved)


@dataclass(frozen=True, slots=True)
class Lists:
    """A named and a nameless stream in each of two services, and the pages of both lists."""

    two: Two
    nameless: tuple[Stream, Stream]
    ours: tuple[Exchange, ...]
    theirs: tuple[Exchange, ...]


@scenario()
def lists_apart(ctx: Context) -> Lists:
    """A named and a nameless stream are created in each of two services, and both lists are read: up to 20 pages of
    100."""
    two = _two(ctx, "list")
    nameless = ctx.make(), ctx.make(service=two.second)
    return Lists(two, nameless, _pages(ctx, None), _pages(ctx, two.second))


def _pages(ctx: Context, service: str | None) -> tuple[Exchange, ...]:
    pages = [ctx.streams.list({"PageSize": 100}, service=service)]
    asked = {pages[0].request.url}
    while len(pages) < PAGES and (url := next_url(ctx.target, pages[-1])) and url not in asked:
        asked.add(url)
        pages.append(ctx.streams.follow(url))
    return tuple(pages)


@rule("LIST-OTHER-SERVICE")
def test_lists_are_apart(lists_apart: Lists) -> None:
    """No page may show a stream of the other service, nor any stream with the other service's service_sid."""
    two, (our_nameless, their_nameless) = lists_apart.two, lists_apart.nameless
    sides = (
        (two.ours, (two.theirs, their_nameless), lists_apart.ours),
        (two.theirs, (two.ours, our_nameless), lists_apart.theirs),
    )
    for own, foreign, pages in sides:
        service, other = own.body.get("service_sid"), foreign[0].body.get("service_sid")
        sids = {stream.sid for stream in foreign}
        for page in pages:
            for stream in streams_in(page):
                what, found = "streams of the service only", stream.get("service_sid")
                expect(stream.get("sid") not in sids, what, f"one of another service, {show(stream.get('sid'))}", page)
                expect(found != other or other == service, what, f"one with service_sid {show(found)}", page)
