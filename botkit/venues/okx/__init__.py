"""OKX v5: signing, endpoints, codec, session and books, all pure, and the venue they make."""
