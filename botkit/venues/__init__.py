"""Exchanges: what every venue offers, the shells that own sockets, and each venue's code."""
