"""One process that runs the suite again and again: reads the words of each run as a JSON line, answers with its exit
code, seconds and last line as another."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import sys
import time

from conformance.cli import main

TELLING = ("verdict", "sync-", "FAIL", "BLOCKED", "INCONCLUSIVE", "NOT RUN", "ERROR", "  got", "  because")


def loop() -> None:
    for line in sys.stdin:
        began = time.monotonic()
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = main(json.loads(line))
        gc.collect()
        found = [text for text in said.getvalue().splitlines() if text.startswith(TELLING)]
        told = {"code": code, "seconds": time.monotonic() - began, "said": " ".join(found)}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    loop()
