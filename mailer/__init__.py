"""Builds and sends the recovery mail; usable alone, without MySQL."""
