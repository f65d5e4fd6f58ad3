"""The same commit, built twice in different circumstances: are the bytes the same, and if not, which are not."""
