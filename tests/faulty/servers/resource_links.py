"""Faults of a stream's url and links."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from faulty.registry import fault
from faulty.servers.fetch import by_sid
from faulty.servers.resource import LISTED, Rendered, is_create, is_list
from reference_impl.api import Api
from reference_impl.config import Config
from reference_impl.limiter import Limiter
from reference_impl.paging import Pager
from reference_impl.store import Store, Stream

# ---------------------------------------------------------------- STREAM-URL


@fault("STREAM-URL", "The url is a path without a host.")
class UrlIsPath(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "url": body["url"].removeprefix(request.origin)}


@fault("STREAM-URL", "The url is that of the list.")
class UrlOfList(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "url": body["url"].rpartition("/")[0]}


@fault("STREAM-URL", "The url leaves out the version.")
class UrlWithoutVersion(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "url": body["url"].replace("/v1/", "/")}


@fault("STREAM-URL", "The url is that of the request, so after a create it is the list's.", may=("STREAM-SAME-*",))
class UrlOfRequest(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "url": request.origin + request.path}


@fault("STREAM-URL", "The url in a list is that of the page's first stream, for all its entries.", may=LISTED)
class ListsOneUrl(Api):
    def list_streams(self, request: Any, service: Any) -> Any:
        response = super().list_streams(request, service)
        streams = [{**stream, "url": response.body["streams"][0]["url"]} for stream in response.body["streams"]]
        return replace(response, body={**response.body, "streams": streams})


@fault("STREAM-URL", "The url has the service's sid of the first service, for streams of all.", may=("STREAM-SAME-*",))
class UrlOfFirstService(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "url": body["url"].replace(stream.service_sid, self.config.services[0].sid)}


@fault("STREAM-URL", "The url is absolute but for its scheme.")
class UrlWithoutScheme(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "url": body["url"].partition(":")[2]}


# ---------------------------------------------------------------- STREAM-URL-BY-SID


def named(url: str, stream: Stream) -> str:
    return url.replace(stream.sid, quote(stream.unique_name or stream.sid, safe=""))


@fault("STREAM-URL-BY-SID", "The url holds the stream's name when it has one.")
class UrlByName(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "url": named(body["url"], stream)}


@fault("STREAM-URL-BY-SID", "The links hold the stream's name when it has one.")
class LinksByName(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "links": {"messages": named(body["links"]["messages"], stream)}}


@fault("STREAM-URL-BY-SID", "The url holds what the request had: the name when the stream was asked for by name.")
class UrlAsAsked(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        if is_create(request) or is_list(request) or by_sid(request):
            return body
        return {**body, "url": named(body["url"], stream)}


@fault("STREAM-URL-BY-SID", "The url and the links hold the service's name when the request used it.")
class ServiceAsAsked(Api):
    def list_url(self, request: Any, service_sid: str) -> str:
        if request.path.split("/")[3] == service_sid:
            return super().list_url(request, service_sid)
        return super().list_url(request, self.services[service_sid].unique_name)


# ---------------------------------------------------------------- STREAM-LINKS


@fault("STREAM-LINKS", "The links are an array of URLs.")
class LinksAreArray(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "links": list(body["links"].values())}


@fault("STREAM-LINKS", "The links are JSON in a text.")
class LinksAreText(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "links": '{"messages":"' + body["links"]["messages"] + '"}'}


@fault("STREAM-LINKS", "The links are paths.")
class LinksArePaths(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "links": {"messages": body["links"]["messages"].removeprefix(request.origin)}}


@fault("STREAM-LINKS", "The links are null in a fetch by name.")
class NoLinksByName(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        asked_by_name = "/Streams/" in request.path and not by_sid(request)
        return {**body, "links": None} if asked_by_name else body


@fault("STREAM-LINKS", "Every link is an object with href.")
class LinksLikeHal(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "links": {"messages": {"href": body["links"]["messages"]}}}


# ---------------------------------------------------------------- STREAM-LINKS-MESSAGES


def with_messages(body: dict[str, Any], url: str) -> dict[str, Any]:
    return {**body, "links": {"messages": url}}


@fault("STREAM-LINKS-MESSAGES", "The link to the messages is called stream_messages.")
class LinkHasOtherName(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "links": {"stream_messages": body["links"]["messages"]}}


@fault("STREAM-LINKS-MESSAGES", "The link to the messages leads to the stream.")
class LinkToStream(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return with_messages(body, body["url"])


@fault("STREAM-LINKS-MESSAGES", "The link to the messages has a small m in its path.")
class LinkInSmallLetters(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return with_messages(body, body["url"] + "/messages")


@fault("STREAM-LINKS-MESSAGES", "The link to the messages is that of the first stream made, for all streams.")
class LinkOfFirstStream(Api):
    def __init__(self, config: Config, store: Store, limiter: Limiter, pager: Pager) -> None:
        super().__init__(config, store, limiter, pager)
        self.first = ""

    def render_stream(self, stream: Stream, request: Any) -> dict[str, Any]:
        body = super().render_stream(stream, request)
        self.first = self.first or body["links"]["messages"]
        return with_messages(body, self.first)


@fault("STREAM-LINKS-MESSAGES", "A new stream has no links yet.")
class NewStreamsHaveNoLinks(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "links": {}} if is_create(request) else body
