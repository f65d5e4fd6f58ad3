"""What happens to a request: taken, queued, run, answered."""
