"""Messages to a prompt, by the model's own template or one that stands in for it."""
