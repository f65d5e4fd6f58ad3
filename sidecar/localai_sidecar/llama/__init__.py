"""The only package that knows llama.cpp."""
