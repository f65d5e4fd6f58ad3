"""The commands: what each takes beside the common options, and what it does."""

from __future__ import annotations

import argparse
from collections.abc import Callable

# Makes a command of a name, a help text and the function that runs it.
Add = Callable[[str, str, object], argparse.ArgumentParser]
