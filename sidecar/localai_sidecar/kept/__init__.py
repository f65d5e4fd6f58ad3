"""What outlives a request: contexts in memory and on disk, and what was found out once."""
