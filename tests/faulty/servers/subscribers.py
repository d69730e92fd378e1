"""Faults in what subscribers are told, and lawful differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from faulty.registry import Parts, fault, lawful
from reference_impl.store import Stream
from reference_impl.subscribers.app import Settings
from reference_impl.subscribers.frames import Frame
from reference_impl.subscribers.hub import Hub, Notice
from reference_impl.subscribers.session import Session
from reference_impl.subscribers.tokens import TokenError, make_token
from reference_impl.subscribers.tunnel import Caller, Reply, StreamNotFoundError, Tunnel


def with_parts(**parts: Any) -> dict[str, Any]:
    return {"subscribers": parts}


# ------------------------------------------------------------ getting in


@fault("SUBSCRIBE-CONNECTS", "A good access token is refused.")
def subscribers_are_refused() -> Parts:
    class Refusing(Session):
        def admit(self, frame: Frame, now: float) -> Any:
            raise TokenError(20103, "no")

    return with_parts(session=Refusing)


@fault("SUBSCRIBE-CONNECTS", "The answer to init has no status.")
def init_without_status() -> Parts:
    class Silent(Session):
        def reply(self, frame: Frame, header: Any = None, body: Any = None, status: Any = None) -> None:
            super().reply(frame, header, body, {"status": "OK"} if frame.method == "init" else status)

    return with_parts(session=Silent)


@fault("SUBSCRIBE-CONNECTS", "The socket closes when init comes.")
def init_closes() -> Parts:
    class Closing(Session):
        def init(self, frame: Frame, now: float) -> None:
            self.leave()

    return with_parts(session=Closing)


def re_signed(session: Session, frame: Frame, now: float, at: Callable[[Any], float]) -> Frame:
    """The frame with a good token in place of its own, read at another time perhaps."""
    api = session.tunnel.api
    key = next(iter(api.config.api_keys.items()))
    token = make_token(api.config.account_sid, key, "anyone", api.config.services[0].sid, now=at(now))
    return replace(frame, header={**frame.header, "token": token})


@fault("SUBSCRIBE-TOKEN-REFUSED", "Any token lets a subscriber in.")
def any_token_is_good() -> Parts:
    class Open(Session):
        def admit(self, frame: Frame, now: float) -> Any:
            return super().admit(re_signed(self, frame, now, lambda n: n), now)

    return with_parts(session=Open)


@fault("SUBSCRIBE-TOKEN-REFUSED", "A token is good although it has expired.")
def expired_tokens_are_good() -> Parts:
    class Timeless(Session):
        def admit(self, frame: Frame, now: float) -> Any:
            try:
                return super().admit(frame, now)
            except TokenError as error:
                if error.code != 20104:
                    raise
                return super().admit(re_signed(self, frame, now, lambda n: n), now)

    return with_parts(session=Timeless)


@fault("SUBSCRIBE-TOKEN-REFUSED", "The signature of a token is not looked at.")
def signatures_are_not_looked_at() -> Parts:
    class Trusting(Session):
        def admit(self, frame: Frame, now: float) -> Any:
            try:
                return super().admit(frame, now)
            except TokenError as error:
                if error.code != 20107:
                    raise
                return super().admit(re_signed(self, frame, now, lambda n: n), now)

    return with_parts(session=Trusting)


# ------------------------------------------------------------ opening and subscribing


@fault("SUBSCRIBE-OPENS", "Subscribers can't open a stream by its name.")
def opened_by_sid_only() -> Parts:
    class SidOnly(Tunnel):
        def find(self, key: str, caller: Caller, now: float) -> Stream:
            if not key.startswith("TO"):
                raise StreamNotFoundError
            return super().find(key, caller, now)

    return with_parts(tunnel=SidOnly)


@fault("SUBSCRIBE-OPENS", "The stream that a subscriber opens has no links.")
def opened_without_links() -> Parts:
    class Linkless(Tunnel):
        def render(self, stream: Stream, caller: Caller) -> dict[str, Any]:
            return {key: value for key, value in super().render(stream, caller).items() if key != "links"}

    return with_parts(tunnel=Linkless)


@fault("SUBSCRIBE-ESTABLISHED", "The correlation of a subscription is forgotten.")
def correlation_is_forgotten() -> Parts:
    class Forgetful(Tunnel):
        def change_subscriptions(self, body: Any, caller: Caller, now: float) -> Reply:
            return super().change_subscriptions({**body, "correlation_id": 0}, caller, now)

    return with_parts(tunnel=Forgetful)


@fault("SUBSCRIBE-ESTABLISHED", "Nobody is told that a subscription is established.")
def subscriptions_in_silence() -> Parts:
    class Silent(Tunnel):
        def change_subscriptions(self, body: Any, caller: Caller, now: float) -> Reply:
            return replace(super().change_subscriptions(body, caller, now), notices=())

    return with_parts(tunnel=Silent)


# ------------------------------------------------------------ messages


@fault("SUBSCRIBE-DATA", "The data arrives as its JSON text.")
def data_arrives_as_text() -> Parts:
    class Text(Hub):
        def publish(self, stream_sid: str, message_sid: str, data: Any, sender: Any = None) -> None:
            super().publish(stream_sid, message_sid, str(data), sender)

    return with_parts(hub=Text)


@fault("SUBSCRIBE-DATA", "A message arrives under another sid than it was published with.")
def messages_get_new_sids() -> Parts:
    class Renaming(Hub):
        def publish(self, stream_sid: str, message_sid: str, data: Any, sender: Any = None) -> None:
            super().publish(stream_sid, message_sid[:2] + message_sid[:1:-1], data, sender)

    return with_parts(hub=Renaming)


@fault("SUBSCRIBE-DATA", "Characters beyond ASCII are lost on the way to subscribers.")
def only_ascii_arrives() -> Parts:
    class Ascii(Hub):
        def publish(self, stream_sid: str, message_sid: str, data: Any, sender: Any = None) -> None:
            if isinstance(data, dict) and isinstance(data.get("text"), str):
                data = {**data, "text": data["text"].encode("ascii", "replace").decode()}
            super().publish(stream_sid, message_sid, data, sender)

    return with_parts(hub=Ascii)


@fault("SUBSCRIBE-STREAM-ONLY", "Messages arrive at the subscribers of all streams.", may=("SUBSCRIBE-*",))
def messages_for_everybody() -> Parts:
    class Loud(Hub):
        def pass_on(self, subscriber: Any, stream_sid: str, notice: Notice) -> None:
            subscriber.way.send(notice.frame(4), droppable=True)

        def publish(self, stream_sid: str, message_sid: str, data: Any, sender: Any = None) -> None:
            before = self._subscribers
            everybody = dict.fromkeys(subscriber for each in before.values() for subscriber in each)
            self._subscribers = {stream_sid: everybody}
            super().publish(stream_sid, message_sid, data, sender)
            self._subscribers = before

    return with_parts(hub=Loud)


@fault("SUBSCRIBE-STREAM-ONLY", "Messages arrive under the sid of another stream.")
def messages_under_another_stream() -> Parts:
    class Mixed(Hub):
        def pass_on(self, subscriber: Any, stream_sid: str, notice: Notice) -> None:
            others = [{**event, "stream_sid": "TO" + "0" * 32} for event in notice.events]
            subscriber.way.send(Notice(notice.event_type, others).frame(4), droppable=True)

    return with_parts(hub=Mixed)


@fault("SUBSCRIBE-ONCE", "Each message arrives twice.")
def messages_arrive_twice() -> Parts:
    class Twice(Hub):
        def pass_on(self, subscriber: Any, stream_sid: str, notice: Notice) -> None:
            for _ in range(2):
                super().pass_on(subscriber, stream_sid, notice)

    return with_parts(hub=Twice)


@fault("SUBSCRIBE-ONCE", "Some messages arrive once more, a moment later.")
def a_message_comes_again() -> Parts:
    class Again(Hub):
        def pass_on(self, subscriber: Any, stream_sid: str, notice: Notice) -> None:
            super().pass_on(subscriber, stream_sid, notice)
            if self.published % 3 == 0 and self.later is not None:
                self.later(0.3, lambda: subscriber.deliver(notice))

    return with_parts(hub=Again)


@fault("SUBSCRIBE-NOT-TO-SENDER", "A message comes back to the connection that published it.")
def messages_come_back() -> Parts:
    class Echo(Hub):
        def publish(self, stream_sid: str, message_sid: str, data: Any, sender: Any = None) -> None:
            super().publish(stream_sid, message_sid, data)

    return with_parts(hub=Echo)


@fault("SUBSCRIBE-NOT-TO-SENDER", "A message comes back to the connection that published it, a moment later.")
def messages_come_back_later() -> Parts:
    class Echo(Hub):
        def publish(self, stream_sid: str, message_sid: str, data: Any, sender: Any = None) -> None:
            super().publish(stream_sid, message_sid, data, sender)
            if sender is not None and self.later is not None:
                event = {"stream_sid": stream_sid, "message_sid": message_sid, "message_data": data}
                notice = Notice("stream_message_published", [event], droppable=True)
                self.later(0.3, lambda: sender.deliver(notice))

    return with_parts(hub=Echo)


# ------------------------------------------------------------ the end of a stream


@fault("SUBSCRIBE-REMOVED", "Subscribers are not told that their stream was deleted.")
def removals_in_silence() -> Parts:
    class Silent(Hub):
        def removed(self, stream: Stream) -> None:
            self._subscribers.pop(stream.sid, None)

    return with_parts(hub=Silent)


@fault("SUBSCRIBE-REMOVED", "Only one subscriber is told that the stream was deleted.")
def removal_told_to_one() -> Parts:
    class One(Hub):
        def removed(self, stream: Stream) -> None:
            subscribers = self._subscribers.get(stream.sid, {})
            self._subscribers[stream.sid] = dict(list(subscribers.items())[:1])
            super().removed(stream)

    return with_parts(hub=One)


# ------------------------------------------------------------ lawful


@lawful("Deliveries get lost.")
def deliveries_get_lost() -> Parts:
    return with_parts(settings=Settings(lossy=40, seed=2))


@lawful("Messages arrive in another order.")
def deliveries_out_of_order() -> Parts:
    return with_parts(settings=Settings(unordered=True, seed=2))


@lawful("Messages arrive a second late.")
def deliveries_a_second_late() -> Parts:
    class Late(Hub):
        def pass_on(self, subscriber: Any, stream_sid: str, notice: Notice) -> None:
            assert self.later is not None
            self.later(1.0, lambda: subscriber.deliver(notice))

    return with_parts(hub=Late)


@lawful("Events have more fields than the SDK reads.")
def events_with_more_fields() -> Parts:
    class Verbose(Hub):
        def pass_on(self, subscriber: Any, stream_sid: str, notice: Notice) -> None:
            more = [{**event, "published_at": "now", "event_id": 7} for event in notice.events]
            subscriber.deliver(Notice(notice.event_type, more, droppable=True))

    return with_parts(hub=Verbose)
