"""Faults of what a stream looks like: its keys, its sids, its name, its links, its author."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from faulty.registry import fault
from reference_impl.api import Api
from reference_impl.store import Store, Stream


class Rendered(Api):
    """Shows streams in a way of its own."""

    def render_stream(self, stream: Stream, request: Any) -> dict[str, Any]:
        return self.change(super().render_stream(stream, request), stream, request)

    def change(self, body: dict[str, Any], stream: Stream, request: Any) -> dict[str, Any]:
        raise NotImplementedError


def is_create(request: Any) -> bool:
    return request.method == "POST" and request.path.endswith("/Streams")


def is_list(request: Any) -> bool:
    return request.method == "GET" and request.path.endswith("/Streams")


LISTED = ("LIST-ENTRIES", "STREAM-SAME-EVERYWHERE", "LIST-COMPLETE")
LINKED = ("LIST-ENTRIES", "LIST-LINKS-ABSOLUTE")  # compare with the service's sid

# ---------------------------------------------------------------- STREAM-KEYS


@fault("STREAM-KEYS", "Leaves out what is null.")
class OmitsNulls(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {key: value for key, value in body.items() if value is not None}


@fault("STREAM-KEYS", "Has no created_by.")
class OmitsCreatedBy(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {key: value for key, value in body.items() if key != "created_by"}


@fault("CREATE-NAMED", "Writes its keys in camel case.", may=("CREATE-*", "STREAM-KEYS"))
class CamelCaseKeys(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {key.split("_")[0] + key.title().replace("_", "")[len(key.split("_")[0]) :]: body[key] for key in body}


@fault("STREAM-KEYS", "Answers an update with what has changed only.", may=("UPDATE-*",))
class UpdateShowsChangesOnly(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        if request.method == "POST" and not is_create(request):
            return {key: body[key] for key in ("sid", "date_expires", "date_updated")}
        return body


@fault("STREAM-KEYS", "Shows the links in a fetch, but not in the answer to a create.")
class CreateShowsNoLinks(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {key: value for key, value in body.items() if key != "links"} if is_create(request) else body


@fault("STREAM-KEYS", "Shows date_expires only in streams that expire.")
class ExpiryOnlyWhereThereIsOne(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        if body["date_expires"] is None:
            del body["date_expires"]
        return body


# ---------------------------------------------------------------- STREAM-SID


@fault("STREAM-SID", "Names streams by a UUID with its hyphens.", may=("FETCH-BY-SID", "*-WORKS"))
class SidsAreUuids(Store):
    def new_sid(self) -> str:
        sid = super().new_sid()
        return "-".join((sid[:10], sid[10:14], sid[14:18], sid[18:22], sid[22:]))


@fault("STREAM-SID", "Gives streams the prefix of a Sync document.", may=("*",))
class SidsOfDocuments(Store):
    def new_sid(self) -> str:
        return "ET" + super().new_sid()[2:]


@fault("STREAM-SID", "Makes sids of 16 bytes, less the zeros in front.", may=("FETCH-BY-SID", "*-WORKS"))
class SidsLoseZeros(Store):
    def new_sid(self) -> str:
        return "TO0" + super().new_sid()[4:]


@fault("STREAM-SID", "Writes sids in base 36.")
class SidsInBase36(Store):
    def new_sid(self) -> str:
        return "TO" + super().new_sid()[2:].translate(str.maketrans("0123456789abcdef", "ghijklmnopqrstuv"))

    def find_by_name(self, service_sid: str, unique_name: str, now: float) -> Stream | None:
        return self.find_by_sid(service_sid, unique_name, now) or super().find_by_name(service_sid, unique_name, now)


@fault("STREAM-SID", "Shows the prefix of sids in small letters, but not in paths.", may=("STREAM-URL*",))
class SmallPrefix(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "sid": body["sid"].replace("TO", "to")}

    def find_stream(self, service: Any, route: Any, request: Any) -> Stream:
        if route.stream.startswith("to"):
            route = replace(route, stream="TO" + route.stream[2:])
        return super().find_stream(service, route, request)


@fault("STREAM-SID", "Shows the number of a stream as its sid in lists.", may=LISTED)
class ListsNumbers(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "sid": str(stream.sequence)} if is_list(request) else body


# ---------------------------------------------------------------- STREAM-ACCOUNT-SID


@fault("STREAM-ACCOUNT-SID", "Shows another account, the one of its examples.")
class ExampleAccount(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "account_sid": "AC" + "a" * 32}


@fault("STREAM-ACCOUNT-SID", "Masks all but the last digits of the account.")
class MasksAccount(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "account_sid": "AC" + "*" * 28 + body["account_sid"][-4:]}


@fault("STREAM-ACCOUNT-SID", "Knows a stream's account only while it is created; null in every later answer.")
class ForgetsAccount(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return body if is_create(request) else {**body, "account_sid": None}


@fault("STREAM-ACCOUNT-SID", "Shows the service's sid as the account's.")
class AccountIsService(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "account_sid": body["service_sid"]}


# ---------------------------------------------------------------- STREAM-SERVICE-SID


@fault("STREAM-SERVICE-SID", "Shows the service's name as its sid.", may=LINKED)
class ServiceByName(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "service_sid": self.services[stream.service_sid].unique_name}


@fault("STREAM-SERVICE-SID", "Shows the first service's sid in the streams of all.", may=("LIST-OTHER-SERVICE",))
class FirstServiceForAll(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "service_sid": self.config.services[0].sid}


@fault("STREAM-SERVICE-SID", "Makes a service sid for every stream.", may=LINKED)
class ServicePerStream(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "service_sid": "IS" + stream.sid[2:]}


@fault("STREAM-SERVICE-SID", "Repeats as service sid whatever stood in the path.", may=LINKED)
class ServiceFromPath(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "service_sid": request.path.split("/")[3]}


@fault("STREAM-SERVICE-SID", "Shows the account's digits behind the prefix of a service, in all services.", may=LINKED)
class ServiceLikeAccount(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "service_sid": "IS" + body["account_sid"][2:]}


# ---------------------------------------------------------------- STREAM-UNIQUE-NAME


@fault("STREAM-UNIQUE-NAME", "Shows the empty text where there is no name.")
class EmptyName(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "unique_name": body["unique_name"] or ""}


@fault("STREAM-UNIQUE-NAME", "Names a stream by its sid when it has no name.")
class NamesBySid(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "unique_name": body["unique_name"] or body["sid"]}


@fault("STREAM-UNIQUE-NAME", "Shows the text None where there is no name.")
class NameIsNone(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "unique_name": str(body["unique_name"])}


@fault("STREAM-UNIQUE-NAME", "Shows false where there is no name, in lists only.", may=LISTED)
class ListsFalseNames(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "unique_name": body["unique_name"] or False} if is_list(request) else body


@fault("STREAM-UNIQUE-NAME", "Shows a name in an array when it is read, as in a multi-map.", may=("*",))
class NameInArray(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "unique_name": (name := body["unique_name"]) and (name if request.method == "POST" else [name])}


# ---------------------------------------------------------------- STREAM-CREATED-BY


@fault("STREAM-CREATED-BY", "Shows the account as creator.")
class CreatedByAccount(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "created_by": body["account_sid"]}


@fault("STREAM-CREATED-BY", "Shows no creator: null.")
class CreatedByNull(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "created_by": None}


@fault("STREAM-CREATED-BY", "Writes System with a capital letter.")
class CreatedByCapital(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "created_by": "System"}


@fault("STREAM-CREATED-BY", "Shows after an update who updated.", may=("UPDATE-KEEPS-REST", "STREAM-SAME-EVERYWHERE"))
class CreatedByUpdater(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "created_by": "system" if stream.updated == stream.created else "admin"}
