"""What a test needs to be a person in front of the packaged app: a driver, its window, its processes."""
