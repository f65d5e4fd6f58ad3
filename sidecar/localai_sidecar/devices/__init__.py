"""Which devices beside the CPU there are, whether they compute rightly, and which one computes a model fastest."""
