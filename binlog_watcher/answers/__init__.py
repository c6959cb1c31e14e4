"""Answers about single carts: their story, and what would happen to them now.

Asked by commands and by the admin pages alike, so no terminal and no web in here.
"""
