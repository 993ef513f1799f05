"""A fixed session with PyMySQL: prints everything it gets. Usage: session.py HOST PORT USER PASSWORD DIRECTORY [CA]"""
import os
import sys

import pymysql
from pymysql.constants import CLIENT

host, port, user, password, directory = sys.argv[1:6]
ca = sys.argv[6] if len(sys.argv) > 6 else None

connection = pymysql.connect(
    host=host,
    port=int(port),
    user=user,
    password=password,
    database="clients",
    charset="utf8mb4",
    local_infile=True,
    client_flag=CLIENT.MULTI_STATEMENTS,
    max_allowed_packet=64 * 1024 * 1024,
    ssl={"ca": ca} if ca else None,
    ssl_disabled=ca is None,
)
cursor = connection.cursor()


def show(value):
    if isinstance(value, (bytes, str)) and len(value) > 200:
        return f"{type(value).__name__} of {len(value)}: {value[:10]!r}…{value[-10:]!r}"
    return repr(value)


def run(sql, *args):
    print(">", show(sql))
    try:
        affected = cursor.execute(sql, *args)
        while True:
            if cursor.description:
                print([(name, code, null_ok) for name, code, _, _, _, _, null_ok in cursor.description])
            for row in cursor.fetchall():
                print("(" + ", ".join(show(value) for value in row) + ")")
            print("affected", affected, "rowcount", cursor.rowcount, "id", cursor.lastrowid)
            if not cursor.nextset():
                break
    except pymysql.MySQLError as error:
        print("error", error.args)


run("SELECT 1, NULL, 'é', 1.5, x'00ff'")
run("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(100), b LONGBLOB)")
run("INSERT INTO t (v) VALUES ('a'), ('b')")
run("INSERT INTO t (v) VALUES (%s), (%s)", ("c'\"\\", None))
run("SELECT * FROM t ORDER BY id")
run("SELECT * FROM types ORDER BY id")
run("SELECT nonsense")
run("SELECT * FROM missing")
run("SELECT 1; SELECT 2; INSERT INTO t (v) VALUES ('m'); SELECT v FROM t WHERE id = 5")
run("SELECT 1; SELECT nonsense; SELECT 3")

connection.begin()
run("UPDATE t SET v = 'changed' WHERE id = 1")
connection.rollback()
run("SELECT v FROM t WHERE id = 1")
connection.begin()
run("UPDATE t SET v = 'changed' WHERE id = 1")
connection.commit()
run("SELECT v FROM t WHERE id = 1")

run(f"LOAD DATA LOCAL INFILE '{os.path.join(directory, 'rows.tsv')}' INTO TABLE loaded")
run("SELECT COUNT(*), SUM(id), MAX(v) FROM loaded")
run(f"LOAD DATA LOCAL INFILE '{os.path.join(directory, 'empty.tsv')}' INTO TABLE loaded")
run("LOAD DATA LOCAL INFILE '/nowhere/at/all' INTO TABLE loaded")
connection.ping(reconnect=False)
connection.begin()
run("SELECT 1")

# Packets of more than 16 MiB, both ways, and those whose last packet is empty.
for length in (16777215 - 9, 16777215, 2 * 16777215):
    run(f"SELECT REPEAT('y', {length})")
for length in (16777215 - 1, 17 * 1024 * 1024):
    run("SELECT LENGTH('" + "z" * (length - len("SELECT LENGTH('') AS n")) + "') AS n")

connection.select_db("clients")
run("SELECT DATABASE()")
run("SET @x = 5")
run("SELECT @x")
connection.ping(reconnect=False)
connection.rollback()
connection.close()
