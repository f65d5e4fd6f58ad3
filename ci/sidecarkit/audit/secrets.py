"""What secrets look like: the kinds a build machine holds, by the forms that gitleaks' default rules give them."""

from __future__ import annotations

import re

from sidecarkit.audit.texts import Trace

_ALONE = r"(?<![A-Za-z0-9])"

# https://github.com/gitleaks/gitleaks, config/gitleaks.toml: those with a form that nothing else has.
# A private key counts with its content: programs that read keys hold the first line alone.
_FORMS = (
    ("a private key", "-----BEGIN ", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[rn]|[\w-]+: .*)+"
                                     r"(?:[A-Za-z0-9+/=]|\s|\\[rn]){64}"),
    ("an AWS access key", "AKIA", _ALONE + r"AKIA[A-Z2-7]{16}(?![A-Z0-9])"),
    ("an AWS access key", "ASIA", _ALONE + r"ASIA[A-Z2-7]{16}(?![A-Z0-9])"),
    *(("a GitHub token", start, _ALONE + rf"{start}[0-9A-Za-z]{{36}}") for start in
      ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),
    ("a GitHub token", "github_pat_", r"github_pat_\w{82}"),
    ("a GitLab token", "glpat-", r"glpat-[\w-]{20}"),
    ("an npm token", "npm_", _ALONE + r"npm_[0-9A-Za-z]{36}(?!\w)"),
    ("a PyPI token", "pypi-AgE", r"pypi-AgEIcHlwaS5vcmc[\w-]{50}"),
    ("a Hugging Face token", "hf_", _ALONE + r"hf_[A-Za-z]{34}(?!\w)"),
    ("a Google API key", "AIza", _ALONE + r"AIza[\w-]{35}(?![\w-])"),
    ("a Slack token", "xox", _ALONE + r"xox[abeoprs]-(?:\d{8,}-)+[0-9A-Za-z-]{18,}"),
    ("a Stripe key", "_live_", r"(?<=[sr]k)_live_[0-9A-Za-z]{24}"),
    ("an age key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
)  # fmt: skip
SECRETS = tuple(Trace(what=what, start=start, pattern=re.compile(pattern)) for what, start, pattern in _FORMS)
