"""Reads lines and writes them back, until one says that it is enough."""

import sys

for line in sys.stdin:
    if line.strip() == '"enough"':
        break
    print(line, end="", flush=True)
