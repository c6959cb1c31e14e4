from binlog_watcher.demo.server import Server


def test_offers_what_the_stream_needs(server: Server) -> None:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@log_bin, @@binlog_format, @@binlog_row_metadata, @@bind_address, @@port")
        assert cursor.fetchone() == (1, "ROW", "FULL", "127.0.0.1", server.port)


def test_a_fresh_database_is_empty(server: Server, fresh_database: str) -> None:
    with server.connect(database=fresh_database) as connection, connection.cursor() as cursor:
        assert cursor.execute("SHOW TABLES") == 0
