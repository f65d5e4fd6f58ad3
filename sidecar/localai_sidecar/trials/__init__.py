"""What may crash, hang or eat all memory is tried in a throw-away process first."""
