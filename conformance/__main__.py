"""`python -m conformance` is `sync-conformance`."""

import sys

from conformance.cli import main

sys.exit(main())
