"""One file per external program: where it is, which version, how it is called."""
