"""Values worth trying in every run, because servers go wrong on them: what chance would find on some seeds only.

Nothing here is drawn; the seed only shifts the ladders, so that many runs try many values. All names are plain (see
`generation.is_plain`): nothing documented allows to refuse them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import product
from typing import TypeVar

from conformance.messages import compact

T = TypeVar("T")
MOST_TTL = 31_536_000
LONGEST_NAME = 320
MOST_PAGE_SIZE = 100
RUNG = 1.24  # from one step of a ladder of Ttls to the next
STRIDE = 4  # characters from one length of a name to the next

# Some marks or letters a word. Pairs that a decomposition or a folding of case would make equal are kept apart.
WORDS = (
    "a_b", "a.b", "a--b", "a__b", "a~b!", "a'b\"c", "(a)", "[a]", "{a}", "<a>", "a+b=c", "a&b", "a?b", "a#b", "a%b",
    "a%20b", "a:b", "a;b", "a,b", "a@b", "a$b", "a*b", "a|b", "0", "007", "1e5", "-1", "3.14", "0x1F", "2024-02-30",
    "null", "true", "NaN", "undefined", "default", "Messages", "Streams", "${a}", "{{a}}", "%s%d", "a=b;c=d", "AbC",
    "çãé", "ØÐÞß", "ğışİ", "¿a¡", "§¶†", "€£¥", "±÷", "①½²", "αβγ", "ςσ", "жщъ", "שלום", "مرحبا", "กขค", "日本",
    "ひらカナ", "한국", "。、", "→⇒∞", "☃♠♪", "─█▓",
)  # fmt: skip
LONG_WORDS = tuple("n" * length for length in (64, 100, 128, 150, 200))
EDGES = (*(2**power + step for power in range(6, 9) for step in (-1, 0, 1)), 100, 150, 200, 250, 300, 319, 320)
TIMES = (60, 3_600, 43_200, 86_400, 604_800, 2_592_000, 31_449_600)  # seconds: minute to year

TEXTS = (
    "", " ", "a&b=c", "a+b", "50%", "%41", ";", "\"'\\/", "\n\r\t", "\b\f", "\u0001\u001f\u007f", "\u0085\u2028\u2029",
    "é", "e\u0301", "日本", "😀", "👩\u200d👩", "\ufeff", "\ufffd", "\uffff", "<b>&amp;</b>", "-- ", "${a}", "{{a}}",
    "null", "true", "1", "2024-01-01T00:00:00Z", "http://a/?b", "../..",
)  # fmt: skip
KEYS = (
    "", " ", "id", "sid", "data", "Data", "type", "_id", "__proto__", "constructor", "toString", "length", "$ref", "$a",
    "a.b", "a[0]", "0", "-1", "é", "日本", "😀", "a b", "a\nb", "a=b&c", "null",
)  # fmt: skip
SCALARS = (
    None, True, False, 0, -1, 127, 128, 255, 256, 32_768, 65_536, 2**31 - 1, 2**31, -(2**31) - 1, 2**32, 2**53 - 1,
    -(2**53) + 1, 0.1, -0.5, 1e-7, 1.5e10, 1e15,
)  # fmt: skip
SHAPES: tuple[object, ...] = (
    [],
    {},
    [[]],
    [{}],
    [None],
    [[], []],
    [1, "a", None],
    [1, 1],
    [{"a": 1}, {"a": 2}],
    {"a": {}},
    [[[1]]],
)


def names() -> tuple[str, ...]:
    """What a stream's name should end with, to be addressed by it."""
    return (*WORDS, *LONG_WORDS)


def lengths(least: int, shift: int) -> tuple[int, ...]:
    """Lengths of a whole name, in characters, from `least` up: the longest, edges, and every fourth of the others."""
    every = range(least + shift % STRIDE, LONGEST_NAME + 1, STRIDE)
    return tuple(sorted({least, *every, *(edge for edge in EDGES if edge >= least)}))


def ladder(shift: int) -> tuple[int, ...]:
    """Lawful Ttls of all sizes, in seconds."""
    rungs, rung = set(), 1 + (shift % 16) / 100
    while rung < MOST_TTL:
        rungs.add(round(rung))
        rung *= RUNG
    return tuple(sorted(rungs))


def ttls(shift: int) -> tuple[int, ...]:
    """Lawful Ttls, in seconds: usual times and powers of two and what is beside them, and a ladder."""
    edges = {edge + step for edge in (*TIMES, *(2**power for power in range(25))) for step in (-1, 0, 1)}
    return tuple(sorted(ttl for ttl in {*edges, *ladder(shift)} if 0 < ttl < MOST_TTL))


def creates(room: int, shift: int) -> tuple[dict[str, object], ...]:
    """Forms for creates: each word, length and Ttl in one of them at least. `room` is the length of the suite's own
    beginning of a name."""
    long = lengths(room + 1, shift)
    every = ladder(shift)
    forms: list[dict[str, object]] = [{}]
    for number in range(max(len(long), len(every), len(WORDS))):
        left = long[number % len(long)] - room
        word = WORDS[number % len(WORDS)]
        filler = "n" * (left - len(word))
        text = filler + word if number % 2 else word + filler
        forms.append({"UniqueName": text if left >= len(word) else word, "Ttl": every[number % len(every)]})
    forms += [{"UniqueName": "n" * (length - room)} for length in (LONGEST_NAME, 128, 256) if length > room]
    forms += [{"Ttl": ttl} for ttl in TIMES]
    return tuple(forms)


def page_queries() -> tuple[dict[str, object], ...]:
    """Queries of a list: every PageSize, some with a Page, and Pages of all sizes."""
    pages = sorted({*range(5), *(2**power + step for power in range(3, 33, 4) for step in (-1, 0))})
    queries: list[dict[str, object]] = [{}]
    queries += [{"PageSize": size} for size in range(1, MOST_PAGE_SIZE + 1)]
    queries += [{"Page": page} for page in pages]
    queries += [{"PageSize": size, "Page": page} for size, page in product((1, 50, 100), (0, 1, 7))]
    return tuple(queries)


def messages() -> tuple[str, ...]:
    """JSON texts of objects: empty ones, nested ones, odd keys, texts and numbers, spaces, and many sizes."""
    whole: list[object] = [{}, {"": ""}, {"": {"": {}}}, {"a": 1, "A": 2}, {"b": 1, "a": 2}]
    whole += [{"v": value} for value in (*SHAPES, *SCALARS, *TEXTS)]
    whole += [{key: number} for number, key in enumerate(KEYS)]
    whole += [{"list": list(range(count))} for count in (2, 10, 100, 500)]
    whole += [{f"k{number}": number for number in range(count)} for count in (10, 50, 150)]
    whole += [_nested(depth) for depth in (5, 10, 20, 32)]
    whole += [{"d": "x" * (size - len('{"d":""}'))} for size in (*_sizes(), 4_000)]
    spaced = (json.dumps({"a": [1, {"b": None}]}, indent=indent) for indent in (1, "\t"))
    return (
        *map(compact, whole),
        *spaced,
        ' \r\n{ "a" :\t1 } ',
        json.dumps({"a": "é😀/"}),
        r'{"a":"\/\u0041\ud83d\ude00"}',
    )


def some(items: Sequence[T], share: float, seed: int) -> tuple[T, ...]:
    """That share of the items, spread evenly, which ones by the seed; at least one, and all for a share of 1."""
    step = max(1, round(1 / share))
    return tuple(items[seed % min(step, len(items)) :: step])


def chained(items: Sequence[T], length: int) -> tuple[T, ...]:
    """A short sequence in which every `length` items, in every order, stand side by side somewhere."""
    left = list(product(items, repeat=length))
    chain = list(left.pop(0))
    while left:
        tail = tuple(chain[1 - length :])
        following = next((each for each in left if each[:-1] == tail), None)
        if following is None:
            following = left[0]
            chain += following[:-1]
        left.remove(following)
        chain.append(following[-1])
    return tuple(chain)


def simpler_text(text: str) -> Iterable[str]:
    """Simpler texts, the simplest first."""
    half = len(text) // 2
    alike = "n" * len(text)
    return (
        each for each in dict.fromkeys((text[:half], text[half:], text[1:], text[:-1], alike)) if each != text and each
    )


def simpler_json(text: str) -> Iterable[str]:
    """Simpler objects: without one of the members, or one of the objects inside."""
    value = json.loads(text)
    inner = [item for item in value.values() if isinstance(item, dict)]
    without = [{key: item for key, item in value.items() if key != left_out} for left_out in list(value)[:10]]
    return (simple for simple in map(compact, (*inner, *without)) if simple != text)


def _sizes() -> Sequence[int]:
    return [2**power + step for power in range(5, 12) for step in (-1, 0, 1)] + [
        100,
        200,
        500,
        1_000,
        1_500,
        3_000,
        3_500,
    ]


def _nested(depth: int) -> object:
    value: object = {}
    for level in range(depth):
        value = [value] if level % 2 else {"n": value}
    return {"n": value}
