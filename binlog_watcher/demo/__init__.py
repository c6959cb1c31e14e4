"""A private server, a sample shop, simulated shoppers and a mail catcher: `make demo`."""
