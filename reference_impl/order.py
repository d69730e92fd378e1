"""The order of a list in which nothing slows down as it grows."""

from bisect import bisect_left, bisect_right, insort
from typing import Generic, TypeVar

_BLOCK = 512

T = TypeVar("T", int, tuple[float, int])


class Order(Generic[T]):
    """Sorted items, each once: a list of short sorted blocks.

    Adding, removing, and finding a place to read n items from, cost O(log size + block + n) wherever the place is,
    whether or not there is an item at the place itself. No call ever tidies up after many others.
    """

    def __init__(self) -> None:
        self._blocks: list[list[T]] = []
        self._starts: list[T] = []  # a lower bound of each block: it stays when the block's first item goes

    def add(self, item: T) -> None:
        """Put in an item that is not there."""
        if not self._blocks:
            self._blocks.append([])
            self._starts.append(item)
        where = max(bisect_right(self._starts, item) - 1, 0)
        block = self._blocks[where]
        insort(block, item)
        self._starts[where] = min(self._starts[where], item)
        if len(block) > _BLOCK:
            # Items mostly come in order: then the full block stays as it is and a new one begins behind it.
            middle = len(block) - 1 if block[-1] == item else len(block) // 2
            self._blocks.insert(where + 1, block[middle:])
            self._starts.insert(where + 1, block[middle])
            del block[middle:]

    def first(self) -> T | None:
        return self._blocks[0][0] if self._blocks else None

    def remove(self, item: T) -> None:
        """Take an item out; it must be there."""
        where, at = 0, 0
        if item != self._blocks[0][0]:  # what expires is the first, and need not be looked for
            where = bisect_right(self._starts, item) - 1
            at = bisect_left(self._blocks[where], item)
        block = self._blocks[where]
        del block[at]
        if not block:
            del self._blocks[where], self._starts[where]

    def after(self, item: T, count: int) -> list[T]:
        """Up to `count` items above `item`, ascending."""
        where = max(bisect_right(self._starts, item) - 1, 0)
        found: list[T] = []
        while len(found) < count and where < len(self._blocks):
            block = self._blocks[where]
            start = bisect_right(block, item)
            found += block[start : start + count - len(found)]
            where += 1
        return found

    def before(self, item: T, count: int) -> list[T]:
        """The last `count` items below `item`, ascending."""
        where = bisect_right(self._starts, item) - 1
        found: list[T] = []
        while len(found) < count and where >= 0:
            block = self._blocks[where]
            end = bisect_left(block, item)
            found = block[max(0, end - (count - len(found))) : end] + found
            where -= 1
        return found
