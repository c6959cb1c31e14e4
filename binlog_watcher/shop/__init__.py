"""What a shop's tables are: the Schema with every table and column name, and the presets that ship. Pure.

Imported by ``settings``, ``store`` and ``binlog``. Statements and decoding plans made of it do not belong here.
"""
