"""The pure heart: events, tracker, timer wheel, decide(), rate limit. No clock, no I/O; the time is an argument.

Imported by everything. Imports nothing but itself.
"""
