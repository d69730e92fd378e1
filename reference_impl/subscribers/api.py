"""The REST operations with subscribers: what is published reaches them too."""

from reference_impl.api import Api
from reference_impl.config import Config
from reference_impl.limiter import Limiter
from reference_impl.paging import Pager
from reference_impl.store import Store, Stream
from reference_impl.subscribers.hub import Hub
from reference_impl.web import Request, Response


class SubscribersApi(Api):
    """The Api, and a hub that hears of every message."""

    def __init__(self, config: Config, store: Store, limiter: Limiter, pager: Pager, *, hub: Hub) -> None:
        super().__init__(config, store, limiter, pager)
        self.hub = hub

    def publish_message(self, request: Request, stream: Stream) -> Response:
        response = super().publish_message(request, stream)
        self.hub.publish(stream.sid, response.body["sid"], response.body["data"])
        return response
