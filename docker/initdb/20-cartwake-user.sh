# Run once by the MySQL image's entrypoint, in its shell: makes the account to which
# binlog_watcher/demo/account.sql, mounted beside it, then gives its rights.
# shellcheck shell=bash
cartwake_password=${CARTWAKE_PASSWORD:?set CARTWAKE_PASSWORD}
cartwake_password=${cartwake_password//\\/\\\\}
cartwake_password=${cartwake_password//\'/\'\'}
docker_process_sql <<SQL
CREATE USER IF NOT EXISTS 'cartwake'@'%' IDENTIFIED BY '$cartwake_password';
SQL
unset cartwake_password
