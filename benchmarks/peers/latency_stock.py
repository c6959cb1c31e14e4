"""The stock reader: mysql-replication's BinLogStreamReader, told which table and which events are wanted."""

import pymysql
from arrivals import Arrivals, Job
from pymysqlreplication.row_event import WriteRowsEvent
from stock_reader import account, open_stream


def main() -> None:
    job = Job.given()
    arrivals = Arrivals(job)
    with pymysql.connect(**account(job)) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW BINARY LOG STATUS")
        file, offset, *_ = cursor.fetchone()
    reader = open_stream(job, 4_100_000_011, (file, offset), ["cart"], [WriteRowsEvent])
    for event in reader:
        for row in event.rows:
            arrivals.note(row["values"]["user_id"])
        if arrivals.complete:
            break
    reader.close()
    arrivals.tell()


main()
