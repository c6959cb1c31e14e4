"""The shop's changes from Kafka, where Debezium's MySQL connector puts them.

What a row means is the binlog's own (``binlog/meaning``): both sources tell the same of the same transaction. Pure so
far: bytes to events, with topic, partition and offset of whatever can't be read.
"""
