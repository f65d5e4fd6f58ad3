"""The certificates this system trusts, which include a company's own; requests would bring its own list."""

from __future__ import annotations

import os
import ssl


def trust_those_of_the_system() -> None:
    """Make requests take the system's certificates, unless the user's environment names others."""
    paths = ssl.get_default_verify_paths()
    found = paths.cafile or paths.capath
    if found and not {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"} & os.environ.keys():
        os.environ["REQUESTS_CA_BUNDLE"] = found
