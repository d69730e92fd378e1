"""Faults of paging: how many streams a page holds, and what a walk over the pages shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from faulty.registry import fault
from faulty.servers.lawful_lists import OffsetPager
from faulty.servers.listing import ChangedMeta, HidesFromLists
from reference_impl.api import Api
from reference_impl.paging import FORWARD, Page, Pager, Position
from reference_impl.store import Store, Stream
from reference_impl.web import parse_count

ALL = 10**6


class PageSizes(Api):
    """Reads the page size in another way; `given` is None when there was none."""

    def parse_page_size(self, query: Any) -> int:
        text = query.get(b"PageSize", b"").decode("latin-1")
        return self.size(int(text)) if parse_count(text) else self.odd(text, super().parse_page_size)

    def size(self, given: int) -> int:
        return min(given, 100)

    def odd(self, text: str, usual: Any) -> int:
        return usual({b"PageSize": text.encode("latin-1")})  # type: ignore[no-any-return]


class DefaultSize(PageSizes):
    default = 50

    def odd(self, text: str, usual: Any) -> int:
        return usual({b"PageSize": text.encode("latin-1")}) if text else self.default


# LIST-PAGE-SIZE-DEFAULT


@fault("LIST-PAGE-SIZE-DEFAULT", "A page holds 20 streams by default.")
class DefaultIs20(DefaultSize):
    default = 20


@fault("LIST-PAGE-SIZE-DEFAULT", "A page holds 49 streams by default.")
class DefaultIs49(DefaultSize):
    default = 49


@fault("LIST-PAGE-SIZE-DEFAULT", "A page holds 51 streams by default.")
class DefaultIs51(DefaultSize):
    default = 51


@fault("LIST-PAGE-SIZE-DEFAULT", "A page holds 100 streams by default.")
class DefaultIs100(DefaultSize):
    default = 100


@fault("LIST-PAGE-SIZE-DEFAULT", "Without PageSize the last one that anybody gave is used.")
class RemembersPageSize(DefaultSize):
    def size(self, given: int) -> int:
        self.default = min(given, 100)
        return self.default


@fault("LIST-PAGE-SIZE-DEFAULT", "Without PageSize everything comes on one page.", may=("LIST-PAGE-SIZE-MAXIMUM",))
class DefaultIsAll(DefaultSize):
    default = ALL


# LIST-PAGE-SIZE


@fault("LIST-PAGE-SIZE", "PageSize is not looked at.")
class IgnoresPageSize(PageSizes):
    def size(self, given: int) -> int:
        return 50


@fault("LIST-PAGE-SIZE", "A page holds one stream more than was asked for.", may=("LIST-PAGE-SIZE-MAXIMUM",))
class OneMoreOnPage(Pager):
    def read_page(self, store: Store, service_sid: str, position: Position, size: int, now: float) -> Page:
        return super().read_page(store, service_sid, position, size if size == 50 else size + 1, now)


@fault("LIST-PAGE-SIZE", "Pages hold at most 50.")
class AtMost50(PageSizes):
    def size(self, given: int) -> int:
        return min(given, 50)


@fault("LIST-PAGE-SIZE", "Pages hold at most 99.")
class AtMost99(PageSizes):
    def size(self, given: int) -> int:
        return min(given, 99)


@fault("LIST-PAGE-SIZE", "A PageSize of 1 is taken for 2.")
class AtLeastTwo(PageSizes):
    def size(self, given: int) -> int:
        return min(max(given, 2), 100)


@fault("LIST-PAGE-SIZE", "A PageSize of 100 is too large and becomes 50.")
class HundredIsTooLarge(PageSizes):
    def size(self, given: int) -> int:
        return given if given < 100 else 50


@fault("LIST-PAGE-SIZE", "Reads only the first digit of PageSize.")
class OneDigit(PageSizes):
    def size(self, given: int) -> int:
        return int(str(given)[0])


@fault("LIST-PAGE-SIZE", "Reads PageSize only when there is a Page too.")
class SizeNeedsPage(Api):
    def parse_page_size(self, query: Any) -> int:
        return super().parse_page_size(query if b"Page" in query else {})


# LIST-PAGE-SIZE-ECHOED


@fault("LIST-PAGE-SIZE-ECHOED", "meta.page_size is always 50.")
class SaysSize50(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {**meta, "page_size": 50}


@fault("LIST-PAGE-SIZE-ECHOED", "meta.page_size is the number of streams on the page.")
class SizeIsLength(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {**meta, "page_size": len(streams)}


@fault("LIST-PAGE-SIZE-ECHOED", "meta.page_size is 0 on later pages.")
class LaterSizeIs0(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return meta if first else {**meta, "page_size": 0}


@fault("LIST-PAGE-SIZE-ECHOED", "meta.page_size is that of the request before.")
class SizeOfRequestBefore(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        before = getattr(self, "before", 50)
        self.before = meta["page_size"]
        return {**meta, "page_size": before}


# LIST-PAGE-SIZE-MAXIMUM


@fault("LIST-PAGE-SIZE-MAXIMUM", "A page holds as many streams as PageSize says, however many.")
class NoMaximum(PageSizes):
    def size(self, given: int) -> int:
        return given


@fault("LIST-PAGE-SIZE-MAXIMUM", "A page may hold 101 streams.")
class AtMost101(PageSizes):
    def size(self, given: int) -> int:
        return min(given, 101)


@fault("LIST-PAGE-SIZE-MAXIMUM", "A PageSize of 0 stands for everything.")
class ZeroIsAll(PageSizes):
    def odd(self, text: str, usual: Any) -> int:
        return ALL if text == "0" else super().odd(text, usual)


@fault("LIST-PAGE-SIZE-MAXIMUM", "A negative PageSize stands for everything, as in some databases.")
class NegativeIsAll(PageSizes):
    def odd(self, text: str, usual: Any) -> int:
        return ALL if text.startswith("-") else super().odd(text, usual)


@fault("LIST-PAGE-SIZE-MAXIMUM", "Pages hold up to 1000, the maximum of Twilio's older API.")
class AtMost1000(PageSizes):
    def size(self, given: int) -> int:
        return min(given, 1000)


# LIST-COMPLETE


@fault("LIST-COMPLETE", "Skips the first stream of every later page.", may=("LIST-PREVIOUS",))
class SkipsBetweenPages(Pager):
    def read_page(self, store: Store, service_sid: str, position: Position, size: int, now: float) -> Page:
        page = super().read_page(store, service_sid, position, size, now)
        if position.direction != FORWARD or not page.next:
            return page
        after = store.after(service_sid, page.next.sequence, 1, now)
        return replace(page, next=Position(FORWARD, after[0].sequence))


@fault("LIST-COMPLETE", "Lists no nameless streams.")
class ListsNoNameless(HidesFromLists):
    def hidden(self, stream: Stream, now: float) -> bool:
        return stream.unique_name is None


@fault("LIST-COMPLETE", "Lists end after 100 streams.")
class EndsAfter100(OffsetPager):
    def read_page(self, store: Store, service_sid: str, position: Position, size: int, now: float) -> Page:
        page = super().read_page(store, service_sid, position, size, now)
        return replace(page, next=None) if position.sequence + size >= 100 else page


@fault("LIST-COMPLETE", "The next page begins after all streams made in the second of the last one shown.")
class SkipsTheSecond(Pager):
    def read_page(self, store: Store, service_sid: str, position: Position, size: int, now: float) -> Page:
        page = super().read_page(store, service_sid, position, size, now)
        if position.direction != FORWARD or not page.next:
            return page
        second = int(page.streams[-1].created)
        later = [s for s in store.after(service_sid, page.next.sequence, ALL, now) if int(s.created) > second]
        return replace(page, next=Position(FORWARD, later[0].sequence - 1) if later else None)


@fault("LIST-COMPLETE", "Says of the page before the last that it is the last.")
class EndsOnePageEarly(Pager):
    def read_page(self, store: Store, service_sid: str, position: Position, size: int, now: float) -> Page:
        page = super().read_page(store, service_sid, position, size, now)
        rest = store.after(service_sid, page.next.sequence, size + 1, now) if page.next else []
        return page if len(rest) > size else replace(page, next=None)


@fault("LIST-COMPLETE", "Loses the last page when it would not be half full.")
class LosesShortLastPage(Pager):
    def read_page(self, store: Store, service_sid: str, position: Position, size: int, now: float) -> Page:
        page = super().read_page(store, service_sid, position, size, now)
        rest = store.after(service_sid, page.next.sequence, size, now) if page.next else []
        return page if 2 * len(rest) >= size else replace(page, next=None)


@fault("LIST-COMPLETE", "Loses the last stream when it would be alone on its page.")
class LosesLonelyLast(Pager):
    def read_page(self, store: Store, service_sid: str, position: Position, size: int, now: float) -> Page:
        page = super().read_page(store, service_sid, position, size, now)
        rest = store.after(service_sid, page.next.sequence, 2, now) if page.next else []
        return page if len(rest) > 1 else replace(page, next=None)


@fault("LIST-COMPLETE", "Lists only streams that expire.")
class ListsExpiringOnly(HidesFromLists):
    def hidden(self, stream: Stream, now: float) -> bool:
        return stream.expires is None


@fault(
    "LIST-COMPLETE",
    "Lists a stream once it was used by its sid.",
    may=("LIST-PAGE-SIZE", "LIST-PAGE-SIZE-DEFAULT", "*-FROM-LIST"),
)
class ListsWhatWasUsed(HidesFromLists):
    def find_by_sid(self, service_sid: str, sid: str, now: float) -> Stream | None:
        self.__dict__.setdefault("used", set()).add(sid)
        return super().find_by_sid(service_sid, sid, now)

    def hidden(self, stream: Stream, now: float) -> bool:
        return stream.sid not in self.__dict__.setdefault("used", set())


@fault("LIST-COMPLETE", "Lists the newest stream only once there is a newer one.")
class ListsAllButTheNewest(HidesFromLists):
    def hidden(self, stream: Stream, now: float) -> bool:
        return stream.sequence == self._sequence


# LIST-NO-REPEATS


@fault("LIST-NO-REPEATS", "Every later page begins with the last stream of the one before.", may=("LIST-PREVIOUS",))
class BeginsWithTheLast(Pager):
    def read_page(self, store: Store, service_sid: str, position: Position, size: int, now: float) -> Page:
        page = super().read_page(store, service_sid, position, size, now)
        if position.direction != FORWARD or not page.next or len(page.streams) < 2:
            return page
        return replace(page, next=Position(FORWARD, page.next.sequence - 1))


@fault("LIST-NO-REPEATS", "Fills the last page up with streams that were shown before.", may=("LIST-PREVIOUS",))
class FillsLastPage(Pager):
    def read_page(self, store: Store, service_sid: str, position: Position, size: int, now: float) -> Page:
        page = super().read_page(store, service_sid, position, size, now)
        if page.next is None:
            return replace(page, streams=store.before(service_sid, 10**12, size, now))
        return page


@fault("LIST-NO-REPEATS", "The second page is the first once more.", may=("LIST-PREVIOUS", "LIST-SELF"))
class SecondPageIsFirst(OffsetPager):
    def read_page(self, store: Store, service_sid: str, position: Position, size: int, now: float) -> Page:
        place = position.sequence
        page = super().read_page(store, service_sid, Position(FORWARD, max(0, place - size)), size, now)
        following = Position(FORWARD, place + size) if place == 0 or page.next else None
        return replace(page, next=following if page.next else None)


@fault("LIST-NO-REPEATS", "Shows nameless streams twice on their page.", may=("LIST-PAGE-SIZE*",))
class NamelessTwice(Pager):
    def read_page(self, store: Store, service_sid: str, position: Position, size: int, now: float) -> Page:
        page = super().read_page(store, service_sid, position, size, now)
        streams = [s for stream in page.streams for s in [stream] * (1 + (stream.unique_name is None))]
        return replace(page, streams=streams)


@fault("LIST-NO-REPEATS", "Adds the newest stream to every page.", may=("LIST-PAGE-SIZE*", "LIST-PREVIOUS"))
class NewestOnEveryPage(Pager):
    def read_page(self, store: Store, service_sid: str, position: Position, size: int, now: float) -> Page:
        page = super().read_page(store, service_sid, position, size, now)
        return replace(
            page, streams=[*store.before(service_sid, 10**12, 1, now), *page.streams[:-1], *page.streams[-1:]]
        )
