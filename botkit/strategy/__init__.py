"""What a trading idea is written with: the strategy class, its parameters, indicators."""
