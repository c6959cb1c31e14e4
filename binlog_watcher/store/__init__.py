"""Every SQL statement, on the shop's tables (``shop_tables``) and on ours (``own_tables``); rows become values here.

``database``: sessions and errors; ``times``: TIMESTAMP and DATETIME columns; ``locks``: who lives, who leads.
Imported by everything above it. Decides nothing: what a value means for a cart is ``core``'s business.
"""
