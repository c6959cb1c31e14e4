"""Settings from the environment and ``.env``, checked all at once; how to connect to the shop's MySQL.

Imported by everything above. Nothing here opens a connection or knows what a setting is used for.
"""
