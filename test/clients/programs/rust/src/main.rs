//! A typical session with the crate `mysql`: text and prepared statements, transactions, errors, a pool.
//! A step is a line `name<TAB>passed|failed<TAB>what it gave`; test/clients/outcomes.ts reads these lines.
//! Usage: typical PORT DATABASE [view]
use mysql::prelude::Queryable;
use mysql::{params, Conn, Error, IsolationLevel, OptsBuilder, Params, Pool, Row, TxOpts, Value};
use std::fmt::Debug;

type Gave<T> = Result<T, Error>;

/// Prints what a step gave; one that failed is told from one that did not, and the session goes on.
fn step<T: Debug>(name: &str, run: impl FnOnce() -> Gave<T>) {
    match run() {
        Ok(gave) => println!("{name}\tpassed\t{gave:?}"),
        Err(error) => println!("{name}\tfailed\t{error:?}"),
    }
}

/// What the server said of a statement that it must refuse.
fn refusal<T: Debug>(gave: Gave<T>) -> Gave<String> {
    match gave {
        Err(Error::MySqlError(error)) => Ok(format!("{} {} {}", error.code, error.state, error.message)),
        Err(other) => Err(other),
        Ok(gave) => panic!("nothing was refused: {gave:?}"),
    }
}

fn text(conn: &mut Conn, sql: &str) -> Gave<(Vec<Vec<Value>>, u64, u64)> {
    let rows: Vec<Row> = conn.query(sql)?;
    Ok((rows.into_iter().map(Row::unwrap).collect(), conn.affected_rows(), conn.last_insert_id()))
}

fn prepared(conn: &mut Conn, sql: &str, values: impl Into<Params>) -> Gave<(Vec<Vec<Value>>, u64, u64)> {
    let rows: Vec<Row> = conn.exec(sql, values)?;
    Ok((rows.into_iter().map(Row::unwrap).collect(), conn.affected_rows(), conn.last_insert_id()))
}

const INSERT: &str = "INSERT INTO things (name, amount, big, day, at, duration, ratio, flag, data, doc, kind)
    VALUES (:name, :amount, :big, :day, :at, :duration, :ratio, :flag, :data, :doc, :kind)";

fn rows(conn: &mut Conn) {
    step("schema", || {
        text(
            conn,
            "CREATE TABLE things (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50) NOT NULL UNIQUE,
             amount DECIMAL(20,4), big BIGINT UNSIGNED, day DATE, at DATETIME(6), duration TIME(3), ratio DOUBLE,
             flag TINYINT(1), data BLOB, doc JSON, kind ENUM('a','b'))",
        )
    });
    step("insert", || {
        prepared(
            conn,
            INSERT,
            params! {
                "name" => "it's \\ \"quoted\" 😀", "amount" => "1234567890123456.7891", "big" => u64::MAX,
                "day" => Value::Date(2024, 2, 29, 0, 0, 0, 0), "at" => Value::Date(2024, 2, 29, 12, 34, 56, 789_012),
                "duration" => Value::Time(true, 0, 12, 0, 1, 500_000), "ratio" => 0.1f64, "flag" => true,
                "data" => vec![0u8, 255, 39, 92], "doc" => r#"{"k": [1, null, "é"]}"#, "kind" => "b",
            },
        )
    });
    step("insert NULL", || prepared(conn, "INSERT INTO things (name, big) VALUES (?, ?)", ("empty", Value::NULL)));
    step("insert batch", || {
        conn.exec_batch("INSERT INTO things (name, amount) VALUES (?, ?)", (0..5).map(|i| (format!("batch{i}"), i)))
    });
    step("select by text", || text(conn, "SELECT * FROM things ORDER BY id"));
    step("select prepared", || prepared(conn, "SELECT * FROM things WHERE id > ? ORDER BY id", (0,)));
    step("select again", || prepared(conn, "SELECT * FROM things WHERE id > ? ORDER BY id", (5,)));
    step("typed", || -> Gave<Option<(u64, String, f64)>> {
        conn.exec_first("SELECT big, name, ratio FROM things WHERE id = ?", (1,))
    });
    step("several results", || {
        let mut result = conn.query_iter("SELECT 1; SELECT name FROM things ORDER BY id LIMIT 2; SET @x = 1")?;
        let mut sets = Vec::new();
        while let Some(set) = result.iter() {
            sets.push(set.map(|row| row.map(Row::unwrap)).collect::<Gave<Vec<_>>>()?);
        }
        Ok(sets)
    });
    step("columns", || {
        let result = conn.query_iter("SELECT * FROM things LIMIT 0")?;
        let columns = result.columns().as_ref().to_vec();
        Ok(columns
            .iter()
            .map(|c| (c.name_str().into_owned(), c.column_type(), c.flags(), c.column_length(), c.character_set()))
            .collect::<Vec<_>>())
    });
    step("update", || prepared(conn, "UPDATE things SET flag = ? WHERE name LIKE ?", (false, "batch%")));
}

fn transactions(conn: &mut Conn) {
    for is_kept in [true, false] {
        step(if is_kept { "transaction: commit" } else { "transaction: rollback" }, || {
            let options = TxOpts::default().set_isolation_level(Some(IsolationLevel::RepeatableRead));
            let mut transaction = conn.start_transaction(options)?;
            transaction.exec_drop("INSERT INTO things (name, amount) VALUES (?, 9)", (format!("kept {is_kept}"),))?;
            let inside: Vec<String> = transaction.query("SELECT name FROM things WHERE amount = 9")?;
            if is_kept {
                transaction.commit()?;
            } else {
                transaction.rollback()?;
            }
            Ok((inside, conn.query::<String, _>("SELECT name FROM things WHERE amount = 9")?))
        });
    }
}

fn errors(conn: &mut Conn) {
    let wrong = [
        "INSERT INTO things (name) VALUES ('empty')",
        "SELECT nothing FROM things",
        "SELECT * FROM nowhere.nothing",
        "SELEC 1",
        "INSERT INTO things (name) VALUES (REPEAT('x', 51))",
        "INSERT INTO things (name) VALUES (NULL)",
    ];
    for sql in wrong {
        step(&format!("error: {sql}"), || refusal(text(conn, sql)));
        step(&format!("error, prepared: {sql}"), || refusal(prepared(conn, sql, ())));
    }
    step("warnings", || {
        conn.query_drop("INSERT IGNORE INTO things (name) VALUES ('empty')")?;
        Ok((conn.warnings(), text(conn, "SHOW WARNINGS")?))
    });
}

fn pool(options: OptsBuilder) {
    step("pool", || {
        let pool = Pool::new(options)?;
        let threads: Vec<_> = (0..6)
            .map(|n| {
                let pool = pool.clone();
                std::thread::spawn(move || -> Gave<Vec<(u32, String)>> {
                    let mut conn = pool.get_conn()?;
                    conn.exec("SELECT CAST(? AS UNSIGNED), name FROM things WHERE id = 1", (n,))
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread panicked")).collect::<Gave<Vec<_>>>()
    });
}

fn view(conn: &mut Conn) {
    let definition = "SELECT id % 2 AS odd, count(*) AS n, sum(amount) AS total FROM things GROUP BY id % 2";
    step("view: create", || text(conn, &format!("CREATE MATERIALIZED VIEW totals AS {definition}")));
    step("view: read", || {
        let read = prepared(conn, "SELECT odd, n, total FROM totals WHERE n > ? ORDER BY odd", (0,))?.0;
        let wanted = prepared(conn, &format!("{definition} HAVING n > ? ORDER BY odd"), (0,))?.0;
        assert_eq!(read, wanted);
        assert!(!read.is_empty());
        Ok(read)
    });
    step("view: write", || refusal(text(conn, "DELETE FROM totals")));
    step("view: drop", || text(conn, "DROP MATERIALIZED VIEW totals"));
    step("view: gone", || refusal(text(conn, "SELECT * FROM totals")));
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let options = OptsBuilder::new()
        .ip_or_hostname(Some("127.0.0.1"))
        .tcp_port(args[1].parse().expect("a port"))
        .user(Some("root"))
        .db_name(Some(&args[2]))
        .prefer_socket(false);
    let mut conn = Conn::new(options.clone()).expect("a connection");
    rows(&mut conn);
    transactions(&mut conn);
    errors(&mut conn);
    pool(options);
    step("version", || Ok(conn.server_version()));
    step("reset", || {
        conn.query_drop("SET @x = 5")?;
        conn.reset()?;
        text(&mut conn, "SELECT @x, DATABASE()")
    });
    step("ping", || conn.ping());
    if args.get(3).is_some_and(|arg| arg == "view") {
        view(&mut conn);
    }
}
