"""Carts that are one document in one column: from its bytes to lines, as a preset's paths say. Pure.

``preset`` has the form of ``[cart.document]`` and makes a ``DocumentPlan`` of it; ``plan`` reads a document by it;
``sameness`` tells cheaply that a change has not touched the cart. Columns and statements do not belong here.
"""
