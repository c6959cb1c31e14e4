"""`cartwake demo`: a private MySQL, a sample shop, simulated shoppers, and what became of their carts.

A guest in the house: only its command and the tests import it; it may import everything. Nothing that a shop needs
in earnest belongs here.
"""
