"""Faults of lists: what one page says, whatever the paging."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from faulty.registry import Parts, fault
from faulty.servers.lawful_lists import AlwaysEmptyLastPage
from reference_impl.api import Api
from reference_impl.config import Service
from reference_impl.store import Store, Stream


class ChangedPage(Api):
    """Changes the body of a list; `first` is True for a page asked for without a token."""

    def render_page(self, page: Any, request: Any, service: Service, query: Any) -> Any:
        return self.changed(super().render_page(page, request, service, query), query.token is None)

    def changed(self, body: Any, first: bool) -> Any:
        return body


class ChangedMeta(ChangedPage):
    def changed(self, body: Any, first: bool) -> Any:
        return {**body, "meta": self.meta(dict(body["meta"]), first, body["streams"])}

    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return meta


class ChangedEntries(ChangedPage):
    def changed(self, body: Any, first: bool) -> Any:
        return {**body, "streams": [self.entry(dict(stream), first) for stream in body["streams"]]}

    def entry(self, entry: Any, first: bool) -> Any:
        return entry


# LIST-SHAPE


@fault("LIST-SHAPE", "A list is a bare array.")
class BareArray(ChangedPage):
    def changed(self, body: Any, first: bool) -> Any:
        return body["streams"]


@fault("LIST-SHAPE", "The streams are under 'data'.")
class StreamsUnderData(ChangedPage):
    def changed(self, body: Any, first: bool) -> Any:
        return {"data": body["streams"], "meta": {**body["meta"], "key": "data"}}


@fault("LIST-SHAPE", "The streams are an object with their sids as keys.")
class StreamsBySid(ChangedPage):
    def changed(self, body: Any, first: bool) -> Any:
        return {**body, "streams": {stream["sid"]: stream for stream in body["streams"]}}


@fault("LIST-SHAPE", "A page of one stream holds it without an array around it, as converters from XML do.")
class OneWithoutArray(ChangedPage):
    def changed(self, body: Any, first: bool) -> Any:
        streams = body["streams"]
        return {**body, "streams": streams[0] if len(streams) == 1 else streams}


@fault("LIST-SHAPE", "The keys of meta stand beside the streams, as in Twilio's older API.")
class FlatMeta(ChangedPage):
    def changed(self, body: Any, first: bool) -> Any:
        return {"streams": body["streams"], **body["meta"]}


@fault("LIST-SHAPE", "Only the first page has a meta object.")
class MetaOnFirstPageOnly(ChangedPage):
    def changed(self, body: Any, first: bool) -> Any:
        return body if first else {"streams": body["streams"]}


@fault("LIST-SHAPE", "The second page and all after it are inside an envelope.", may=("LIST-PREVIOUS",))
class LaterPagesWrapped(ChangedPage):
    def changed(self, body: Any, first: bool) -> Any:
        return body if first else {"result": body}


# LIST-STATUS


class ListStatus(Api):
    def list_streams(self, request: Any, service: Service) -> Any:
        response = super().list_streams(request, service)
        return replace(response, status=self.status(response.body["meta"], b"PageToken" in request.query))

    def status(self, meta: Any, later: bool) -> int:
        return 200


@fault("LIST-STATUS", "Answers a page with 206 while there is a next one.")
class PartialContent(ListStatus):
    def status(self, meta: Any, later: bool) -> int:
        return 206 if meta["next_page_url"] else 200


@fault("LIST-STATUS", "Answers lists with 203.")
class ListAnswers203(ListStatus):
    def status(self, meta: Any, later: bool) -> int:
        return 203


@fault("LIST-STATUS", "Answers the later pages with 202.")
class LaterPagesAnswer202(ListStatus):
    def status(self, meta: Any, later: bool) -> int:
        return 202 if later else 200


@fault("LIST-STATUS", "Answers the last page with 206.")
class LastPageAnswers206(ListStatus):
    def status(self, meta: Any, later: bool) -> int:
        return 200 if meta["next_page_url"] else 206


# LIST-META-KEYS


@fault("LIST-META-KEYS", "Leaves out the page URLs that are null.")
class LeavesOutNulls(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {key: value for key, value in meta.items() if value is not None}


@fault("LIST-META-KEYS", "Leaves out the key named key.")
class NoKeyKey(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        del meta["key"]
        return meta


@fault("LIST-META-KEYS", "Numbers in meta are text.")
class MetaNumbersAsText(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {**meta, "page": str(meta["page"]), "page_size": str(meta["page_size"])}


@fault("LIST-META-KEYS", "Later pages have no first_page_url.")
class NoFirstUrlLater(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        if not first:
            del meta["first_page_url"]
        return meta


@fault("LIST-META-KEYS", "A page URL that there is not is false.")
class FalseForNull(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {key: False if value is None else value for key, value in meta.items()}


@fault("LIST-META-KEYS", "The index of the later pages is the text from the query.")
class LaterIndexAsText(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return meta if first else {**meta, "page": str(meta["page"])}


# LIST-META-KEY


@fault("LIST-META-KEY", "The key in meta is 'data'.")
class KeyIsData(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {**meta, "key": "data"}


@fault("LIST-META-KEY", "The key in meta has a capital letter.")
class KeyIsCapitalised(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {**meta, "key": "Streams"}


@fault("LIST-META-KEY", "The key in meta of a page with one stream is 'stream'.")
class KeyIsSingular(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {**meta, "key": "stream" if len(streams) == 1 else "streams"}


@fault("LIST-META-KEY", "The key in meta of later pages is 'items'.")
class LaterKeyIsItems(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return meta if first else {**meta, "key": "items"}


class KeyOnlyWhereStreamsAre(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return meta if streams else {**meta, "key": "nothing"}


@fault("LIST-META-KEY", "Every walk ends with an empty page, and there the key in meta is 'nothing'.")
def empty_page_of_nothing() -> Parts:
    return {"api": KeyOnlyWhereStreamsAre, "pager": AlwaysEmptyLastPage}


# LIST-NO-TOP-LEVEL-URI


@fault("LIST-NO-TOP-LEVEL-URI", "A list has its path as uri.")
class ListHasUri(ChangedPage):
    def changed(self, body: Any, first: bool) -> Any:
        return {**body, "uri": "/v1/Services"}


@fault("LIST-NO-TOP-LEVEL-URI", "A list has a uri of null.")
class ListHasNullUri(ChangedPage):
    def changed(self, body: Any, first: bool) -> Any:
        return {**body, "uri": None}


@fault("LIST-NO-TOP-LEVEL-URI", "Pages that are not the first have a uri.")
class LaterPagesHaveUri(ChangedPage):
    def changed(self, body: Any, first: bool) -> Any:
        return body if first else {**body, "uri": body["meta"]["url"]}


# LIST-ENTRIES


@fault("LIST-ENTRIES", "Entries of a list have no links.", may=("STREAM-KEYS", "STREAM-SAME-EVERYWHERE"))
class EntriesWithoutLinks(ChangedEntries):
    def entry(self, entry: Any, first: bool) -> Any:
        del entry["links"]
        return entry


@fault("LIST-ENTRIES", "Entries of a list are sids only.", may=("STREAM-SAME-EVERYWHERE", "LIST-OTHER-SERVICE"))
class EntriesAreSids(ChangedEntries):
    def entry(self, entry: Any, first: bool) -> Any:
        return entry["sid"]


@fault("LIST-ENTRIES", "Entries leave out what is null.", may=("STREAM-KEYS", "STREAM-SAME-EVERYWHERE"))
class EntriesWithoutNulls(ChangedEntries):
    def entry(self, entry: Any, first: bool) -> Any:
        return {key: value for key, value in entry.items() if value is not None}


@fault("LIST-ENTRIES", "Entries of the later pages are summaries of four keys.", may=("STREAM-KEYS",))
class LaterEntriesAreSummaries(ChangedEntries):
    def entry(self, entry: Any, first: bool) -> Any:
        return entry if first else {key: entry[key] for key in ("sid", "unique_name", "service_sid", "url")}


@fault(
    "LIST-ENTRIES",
    "Entries name their service by its unique name.",
    may=("STREAM-SERVICE-SID", "STREAM-SAME-EVERYWHERE"),
)
class EntriesNameService(ChangedEntries):
    def entry(self, entry: Any, first: bool) -> Any:
        return {**entry, "service_sid": "default"}


@fault("LIST-ENTRIES", "Entries of a list are streams inside an object.", may=("STREAM-KEYS", "STREAM-SAME-EVERYWHERE"))
class EntriesAreWrapped(ChangedEntries):
    def entry(self, entry: Any, first: bool) -> Any:
        return {"stream": entry}


@fault("LIST-ENTRIES", "The last entry of a full page is null.", may=("LIST-COMPLETE", "LIST-OTHER-SERVICE"))
class LastEntryIsNull(ChangedPage):
    def changed(self, body: Any, first: bool) -> Any:
        full = len(body["streams"]) == body["meta"]["page_size"]
        return {**body, "streams": [*body["streams"][:-1], None]} if full else body


# LIST-SHOWS-NEW


class HidesFromLists(Store):
    """Leaves streams out of lists."""

    def hidden(self, stream: Stream, now: float) -> bool:
        return False

    def after(self, service_sid: str, sequence: int, count: int, now: float) -> list[Stream]:
        streams = super().after(service_sid, sequence, 10**6, now)
        return [stream for stream in streams if not self.hidden(stream, now)][:count]

    def before(self, service_sid: str, sequence: int, count: int, now: float) -> list[Stream]:
        streams = super().before(service_sid, sequence, 10**6, now)
        return [stream for stream in streams if not self.hidden(stream, now)][-count:]


@fault("LIST-SHOWS-NEW", "Lists a stream from two seconds after it was made.", may=("LIST-COMPLETE", "*-FROM-LIST"))
class ListsTwoSecondsLate(HidesFromLists):
    def hidden(self, stream: Stream, now: float) -> bool:
        return now - stream.created < 2


@fault(
    "LIST-SHOWS-NEW",
    "Keeps its answers to lists for two seconds.",
    may=(
        "LIST-*",
        "*-FROM-LIST",
        "SERVICE-*",
        "STREAM-SAME-EVERYWHERE",
    ),
)
class KeepsLists(Api):
    def list_streams(self, request: Any, service: Service) -> Any:
        kept = self.__dict__.setdefault("kept", {})
        key = service.sid, request.query
        if key not in kept or request.now - kept[key][0] > 2:
            kept[key] = request.now, super().list_streams(request, service)
        return kept[key][1]


@fault(
    "LIST-SHOWS-NEW",
    "Lists a nameless stream once it was used or is two seconds old.",
    may=("LIST-COMPLETE", "*-FROM-LIST"),
)
class ListsNamelessOnceUsed(HidesFromLists):
    def __init__(self) -> None:
        super().__init__()
        self.used: set[str] = set()

    def find_by_sid(self, service_sid: str, sid: str, now: float) -> Stream | None:
        self.used.add(sid)
        return super().find_by_sid(service_sid, sid, now)

    def hidden(self, stream: Stream, now: float) -> bool:
        return stream.unique_name is None and stream.sid not in self.used and now - stream.created < 2


# LIST-PAGE-INDEX


@fault("LIST-PAGE-INDEX", "Pages count from 1.")
class CountsPagesFromOne(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {**meta, "page": meta["page"] + 1}


@fault("LIST-PAGE-INDEX", "Without Page the index is 1.")
class IndexIsOneByDefault(Api):
    def parse_page_number(self, query: Any) -> int:
        return super().parse_page_number({b"Page": b"1", **query})


@fault("LIST-PAGE-INDEX", "The index of a page is the number of its streams.")
class IndexIsLength(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {**meta, "page": len(streams)}


@fault("LIST-PAGE-INDEX", "The index counts the lists that were asked for.")
class IndexCountsRequests(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        self.asked = getattr(self, "asked", -1) + 1
        return {**meta, "page": self.asked}
