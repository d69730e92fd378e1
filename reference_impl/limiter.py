"""How fast messages may be published."""

from collections import OrderedDict, deque


class Limiter:
    """At most `limit` messages in any `window` seconds, for each key: two messages exactly `window` apart are in
    different windows. Exact: it never lets one more through and never refuses one that fits."""

    def __init__(self, limit: int = 30, window: float = 1.0) -> None:
        self.limit = limit
        self.window = window
        self._logs: OrderedDict[str, deque[float]] = OrderedDict()  # the least recently accepted first

    def __len__(self) -> int:
        return len(self._logs)

    def allow(self, key: str, now: float) -> bool:
        """Whether a message may pass at `now`; one that may not is not counted."""
        self._forget_idle(now)
        log = self._logs.setdefault(key, deque())
        while log and now - log[0] >= self.window:
            log.popleft()
        if len(log) >= self.limit:
            return False
        log.append(now)
        self._logs.move_to_end(key)
        return True

    def _forget_idle(self, now: float) -> None:
        """Drop up to two keys that fell silent, so that deleted streams leave nothing behind."""
        for _ in range(2):
            oldest = next(iter(self._logs.values()), None)
            if oldest is None or (oldest and now - oldest[-1] < self.window):
                return
            self._logs.popitem(last=False)
