"""Recommends products for a cart and writes the text around them; usable alone, without MySQL."""
