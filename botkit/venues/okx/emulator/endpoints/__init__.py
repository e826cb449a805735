"""The endpoints of REST, one module per group, each with its rows of the table of routes."""
