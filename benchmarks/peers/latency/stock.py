"""The stock reader: mysql-replication's BinLogStreamReader, told which table and which events are wanted."""

import pymysql
from arrivals import Arrivals, Job
from pymysqlreplication import BinLogStreamReader
from pymysqlreplication.row_event import WriteRowsEvent


def main() -> None:
    job = Job.given()
    arrivals = Arrivals(job)
    account = {
        "host": job.host,
        "port": job.port,
        "user": job.user,
        "password": job.password,
        "ssl_disabled": True,
    }
    with pymysql.connect(**account) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW BINARY LOG STATUS")
        file, offset, *_ = cursor.fetchone()
    reader = BinLogStreamReader(
        account,
        server_id=4_100_000_011,
        blocking=True,
        resume_stream=True,
        log_file=file,
        log_pos=offset,
        only_schemas=[job.database],
        only_tables=["cart"],
        only_events=[WriteRowsEvent],
        enable_logging=False,
    )
    for event in reader:
        for row in event.rows:
            arrivals.note(row["values"]["user_id"])
        if arrivals.complete:
            break
    reader.close()
    arrivals.tell()


main()
