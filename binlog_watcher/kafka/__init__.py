"""The shop's changes from Kafka, where Debezium's MySQL connector puts them: a source for many instances.

What a row means is the binlog's own (``binlog/meaning``): both sources tell the same of the same transaction. From
bytes to events all is pure, with topic, partition and offset of whatever can't be read; ``worker`` is a member of the
group, and imports the client only where somebody reads from Kafka.
"""
