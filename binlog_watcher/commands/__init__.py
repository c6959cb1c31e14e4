"""What a person can ask of Cartwake: ``cli`` parses and calls, one file a command does the work.

Imported by nobody. May import everything below; what a running service needs does not belong here but in ``service``.
"""
