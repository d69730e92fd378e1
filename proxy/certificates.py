"""The proxy's own certificate authority, and the file that adds it to the ones a program trusts anyway."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path

import certifi
from mitmproxy.certs import CertStore

_NAME = "mitmproxy"  # the file names that mitmproxy looks for in its folder
_COMBINED = "ca-with-system.pem"


def authority(folder: Path) -> Path:
    """The certificate of the authority in that folder, made there when it is missing; its key stays beside it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    CertStore.from_store(folder, _NAME, 2048)
    return folder / f"{_NAME}-ca-cert.pem"


def system_store(environment: Mapping[str, str]) -> Path:
    """The certificates that programs trust here: what the environment names, else the system's, else certifi's."""
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        named = environment.get(name)
        if named and Path(named).is_file():
            return Path(named)
    default = ssl.get_default_verify_paths().cafile
    return Path(default) if default and Path(default).is_file() else Path(certifi.where())


def combined(folder: Path, environment: Mapping[str, str] | None = None) -> Path:
    """A file with the system's certificates and the authority of that folder: SSL_CERT_FILE replaces a program's whole
    store, and the program may speak to other servers too."""
    own = authority(folder).read_text()
    system = system_store(os.environ if environment is None else environment).read_text(errors="replace")
    path = folder / _COMBINED
    path.write_text(f"{system.rstrip()}\n{own}")
    return path
