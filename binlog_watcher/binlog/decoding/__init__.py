"""Bytes to rows: table maps, row images, statements.

Imported by ``meaning`` and the reader. Knows no preset and no socket: what a column means does not belong here.
"""
