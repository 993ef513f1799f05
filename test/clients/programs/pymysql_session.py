"""A typical session with PyMySQL: text statements, cursors of every kind, transactions, errors, metadata.

A step is a line `name<TAB>passed|failed<TAB>what it gave, as JSON`; test/clients/outcomes.ts reads these lines.
Usage: pymysql_session.py PORT DATABASE [view]
"""
import datetime
import decimal
import json
import sys
import threading

import pymysql
from pymysql import cursors

server = {"host": "127.0.0.1", "port": int(sys.argv[1]), "user": "root", "database": sys.argv[2], "charset": "utf8mb4"}
connection = pymysql.connect(**server)


def step(name):
    """Runs the function at once and prints what it gave; one that raises has failed, and the session goes on."""

    def run(function):
        try:
            status, gave = "passed", function()
        except Exception as error:  # whatever it is, the other side must have the same
            status, gave = "failed", [type(error).__name__, *map(str, error.args)]
        print(name, status, json.dumps(gave, default=repr, ensure_ascii=False), sep="\t", flush=True)

    return run


def query(sql, args=None, kind=cursors.Cursor, over=None):
    with (over or connection).cursor(kind) as cursor:
        affected = cursor.execute(sql, args)
        return [affected, cursor.lastrowid, [column[:2] + column[6:] for column in cursor.description or ()], cursor.fetchall()]


def refusal(function, *args):
    try:
        gave = function(*args)
    except pymysql.MySQLError as error:
        return [type(error).__name__, *error.args]
    raise AssertionError(f"nothing was refused: {gave!r}")


@step("schema")
def _():
    return query(
        """CREATE TABLE things (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50) NOT NULL UNIQUE,
        amount DECIMAL(20,4), big BIGINT UNSIGNED, day DATE, at DATETIME(6), duration TIME(3), ratio DOUBLE, flag TINYINT(1),
        data BLOB, doc JSON, kind ENUM('a','b'), bits BIT(9), year YEAR)"""
    )


INSERT = """INSERT INTO things (name, amount, big, day, at, duration, ratio, flag, data, doc, kind, bits, year)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
VALUES = [
    decimal.Decimal("1234567890123456.7891"),
    2**64 - 1,
    datetime.date(2024, 2, 29),
    datetime.datetime(2024, 2, 29, 12, 34, 56, 789012),
    datetime.timedelta(hours=-12, seconds=-1, milliseconds=-500),
    0.1,
    True,
    bytes(range(256)),
    '{"k": [1, null, "é😀"]}',
    "b",
    b"\x01\x55",
    2024,
]


@step("insert")
def _():
    return query(INSERT, ["it's \\ \"quoted\" 😀", *VALUES])


@step("insert many")
def _():
    with connection.cursor() as cursor:
        return cursor.executemany("INSERT INTO things (name, amount) VALUES (%s, %s)", [("m1", 1.5), ("m2", "2.25"), ("m3", None)])


@step("read by another before commit")
def _():
    other = pymysql.connect(**server)
    try:
        before = query("SELECT COUNT(*) FROM things", over=other)
        other.rollback()
        connection.commit()
        return [before, query("SELECT COUNT(*) FROM things", over=other)]
    finally:
        other.close()


for kind in (cursors.Cursor, cursors.DictCursor, cursors.SSCursor, cursors.SSDictCursor):

    @step(f"select with {kind.__name__}")
    def _():
        with connection.cursor(kind) as cursor:
            cursor.execute("SELECT * FROM things ORDER BY id")
            first = cursor.fetchone()
            return [cursor.description, first, cursor.fetchmany(2), cursor.fetchall()]


@step("update")
def _():
    return [query("UPDATE things SET ratio = 2 WHERE name LIKE 'm%%' AND id > %s", [0]), connection.affected_rows()]


@step("transaction: rollback")
def _():
    connection.begin()
    query("DELETE FROM things")
    inside = query("SELECT COUNT(*) FROM things")
    connection.rollback()
    return [inside, query("SELECT COUNT(*) FROM things")]


@step("transaction: savepoint")
def _():
    connection.begin()
    query("SAVEPOINT a")
    query("DELETE FROM things WHERE name = 'm3'")
    query("ROLLBACK TO a")
    query("DELETE FROM things WHERE name = 'm2'")
    connection.commit()
    return query("SELECT name FROM things ORDER BY id")


WRONG = {
    "duplicate key": "INSERT INTO things (name) VALUES ('m1')",
    "unknown column": "SELECT nothing FROM things",
    "unknown table": "SELECT * FROM nowhere.nothing",
    "syntax": "SELEC 1",
    "too long": "INSERT INTO things (name) VALUES (REPEAT('x', 51))",
    "out of range": "INSERT INTO things (name, big) VALUES ('x', -1)",
    "division": "INSERT INTO things (name, ratio) VALUES ('x', 1 / 0)",
}
for name, sql in WRONG.items():
    step(f"error: {name}")(lambda: refusal(query, sql))


@step("warnings")
def _():
    with connection.cursor() as cursor:
        cursor.execute("INSERT IGNORE INTO things (name) VALUES ('m1')")
        return [cursor.warning_count, connection.show_warnings()]


@step("server's statements")
def _():
    return [query("PREPARE s FROM 'SELECT ? + 1, name FROM things WHERE id = 1'"), query("SET @a = 5"), query("EXECUTE s USING @a"), query("DEALLOCATE PREPARE s")]


@step("many at once")
def _():
    gave = [None] * 6

    def run(i):
        other = pymysql.connect(**server, autocommit=True)
        gave[i] = [query("SELECT %s + 0, name FROM things WHERE id = 1", [n], over=other)[3] for n in range(i, i + 3)]
        other.close()

    threads = [threading.Thread(target=run, args=[i]) for i in range(len(gave))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return gave


@step("metadata")
def _():
    return [query(sql) for sql in ("SHOW FULL TABLES", "SHOW FULL COLUMNS FROM things", "SHOW INDEX FROM things", "SELECT DATABASE(), USER(), @@sql_mode")]


@step("connection")
def _():
    connection.ping()
    connection.select_db("mysql")
    connection.select_db(server["database"])
    connection.set_charset("latin1")
    connection.set_charset("utf8mb4")
    return [connection.get_server_info(), connection.get_proto_info(), connection.character_set_name(), connection.get_autocommit()]


@step("a session killed by another")
def _():
    other = pymysql.connect(**server)
    id = query("SELECT CONNECTION_ID()", over=other)[3][0][0]
    killed = query(f"KILL {id}")
    refused = refusal(query, "SELECT 1", None, cursors.Cursor, other)
    # Its message may say how the socket broke, which is the operating system's affair.
    return [killed, refused[:2]]


if sys.argv[3:] == ["view"]:
    connection.autocommit(True)
    DEFINITION = "SELECT id % 2 AS odd, count(*) AS n, sum(amount) AS total FROM things GROUP BY id % 2"

    @step("view: create")
    def _():
        return query("CREATE MATERIALIZED VIEW totals AS " + DEFINITION)

    @step("view: read")
    def _():
        read, wanted = (query(sql)[3] for sql in ("SELECT odd, n, total FROM totals ORDER BY odd", DEFINITION + " ORDER BY odd"))
        if read != wanted or not read:
            raise AssertionError(f"the view has {read!r}, and not {wanted!r}")
        return read

    step("view: write")(lambda: refusal(query, "DELETE FROM totals"))
    step("view: drop")(lambda: query("DROP MATERIALIZED VIEW totals"))
    step("view: gone")(lambda: refusal(query, "SELECT * FROM totals"))

step("end")(connection.close)
