"""Proof that the gate can be believed: its rule on recorded pairs, and a sidecar that is really slow."""
