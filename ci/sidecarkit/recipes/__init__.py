"""How each variant of llama.cpp is configured: flags only, nothing is run here."""
