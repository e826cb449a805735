"""One function per resource: what the simulated exchange knows, as the rows that OKX sends.

Every documented key is there; what does not apply is empty text.
"""
