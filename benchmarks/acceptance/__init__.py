"""Everything that only a machine with an NVIDIA card can show, offline and with the standard library alone."""
