"""Cartwake: follows a shop's MySQL binlog and recovers abandoned carts with one mail."""
