"""Runs statements with PyMySQL, one a line of standard input, and prints each outcome as one line.

A line is `text` or `prepared` (here the same: PyMySQL prepares nothing), a tab, and the statement, or several with `;`
between them. An outcome is `rows` with cells between `|` and rows of all results between ` / `, `done` where there was no
result, or `error` with its number.
Usage: statements.py PORT
"""
import sys

import pymysql
from pymysql.constants import CLIENT

connection = pymysql.connect(
    host="127.0.0.1", port=int(sys.argv[1]), user="root", autocommit=True, client_flag=CLIENT.MULTI_STATEMENTS
)
cursor = connection.cursor()
for line in sys.stdin:
    sql = line.rstrip("\n").split("\t", 1)[1]
    has_rows = False
    try:
        cursor.execute(sql)
        results = []
        while True:
            if cursor.description:
                results += ["|".join(str(cell) for cell in row) for row in cursor.fetchall()]
                has_rows = True
            if not cursor.nextset():
                break
        print("rows " + " / ".join(results) if has_rows else "done")
    except pymysql.MySQLError as error:
        print("error", error.args[0])
connection.close()
