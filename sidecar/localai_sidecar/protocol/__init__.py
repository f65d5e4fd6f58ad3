"""The wire: bytes to lines to typed messages, and back."""
