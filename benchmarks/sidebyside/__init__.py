"""Speed of the sidecar beside llama.cpp's own tool: made models, two sides, measured in turn."""
