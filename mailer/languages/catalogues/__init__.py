"""The messages of each language, one gettext catalogue (.po) each. They are compiled in memory when they are read."""
