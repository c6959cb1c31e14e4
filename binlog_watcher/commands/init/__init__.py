"""`cartwake init`: from a shop's MySQL to a ``.env``, an account and a mail that is looked at.

``steps`` is the way through it; the other modules are its parts. What is asked goes through ``dialogue``, which asks
nothing where there is no terminal.
"""
