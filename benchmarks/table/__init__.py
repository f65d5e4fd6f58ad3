"""The whole table of speed, cost and memory: every row measured on the placed sidecar, most beside an anchor."""
