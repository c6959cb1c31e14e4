"""What a row of a watched table means for the shop: which carts it touches, which orders it places.

Imported by ``transactions`` and the reader. Pure: what must be asked of the server is handed in (``server_queries``
asks). Bytes are decoded in ``decoding``.
"""
