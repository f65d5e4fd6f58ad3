"""What the machine has, and what else it is doing."""
