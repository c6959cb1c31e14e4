"""One of several instances that share a Kafka topic (docs/kafka.md): each follows its partitions, one keeps the rest.

Imported where `cartwake run --source kafka` runs, and nowhere else.
"""
