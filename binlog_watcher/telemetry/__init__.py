"""What the service tells: structured logs with secrets and addresses masked, and Prometheus metrics.

Imported by everything above. Decides nothing and knows no part that it tells about.
"""
