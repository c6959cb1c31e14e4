"""What a row of a watched table means for the shop: which carts it touches, which orders it places.

Imported by the reader above it. Knows presets and table layouts; bytes are decoded in ``decoding``.
"""
