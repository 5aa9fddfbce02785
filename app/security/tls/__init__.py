"""TLS of the doors: contexts that reload, handshakes, and who a certificate stands for."""
