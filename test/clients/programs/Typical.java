// A typical session with JDBC: Connector/J or MariaDB Connector/J, by the URL that it is given.
// A step is a line `name<TAB>passed|failed<TAB>what it gave`; test/clients/outcomes.ts reads these lines.
// Usage: java -cp <jar> Typical.java URL [view]
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.sql.Statement;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;

public class Typical {
  static String url;
  static Connection connection;

  interface Action {
    Object run() throws Exception;
  }

  public static void main(String[] args) throws Exception {
    url = args[0];
    connection = DriverManager.getConnection(url);
    schemaAndRows();
    transactions();
    errors();
    manyAtOnce();
    metadata();
    if (args.length > 1 && args[1].equals("view")) view();
    step("end", () -> {
      connection.close();
      return connection.isClosed();
    });
  }

  static void schemaAndRows() throws Exception {
    step("schema", () -> update("CREATE TABLE things (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50) NOT NULL"
        + " UNIQUE, amount DECIMAL(20,4), big BIGINT UNSIGNED, day DATE, at DATETIME(6), ratio DOUBLE, flag BIT(1),"
        + " data BLOB, doc JSON, kind ENUM('a','b'))"));
    var insert = "INSERT INTO things (name, amount, big, day, at, ratio, flag, data, doc, kind) VALUES (?,?,?,?,?,?,?,?,?,?)";
    Object[] values = {"it's \\ \"quoted\" \uD83D\uDE00", new BigDecimal("1234567890123456.7891"),
        new BigDecimal("18446744073709551615"), LocalDate.of(2024, 2, 29), LocalDateTime.parse("2024-02-29T12:34:56.789012"),
        0.1, true, new byte[] {0, (byte) 255, 39, 92}, "{\"k\": [1, null, \"é\"]}", "b"};
    step("insert", () -> prepared(insert, values));
    step("insert NULL", () -> prepared("INSERT INTO things (name, big) VALUES (?, ?)", "empty", null));
    step("insert batch", () -> {
      try (var statement = connection.prepareStatement("INSERT INTO things (name, amount) VALUES (?, ?)")) {
        for (int i = 0; i < 5; i++) {
          statement.setString(1, "batch" + i);
          statement.setBigDecimal(2, new BigDecimal(i + ".25"));
          statement.addBatch();
        }
        var counts = new ArrayList<Integer>();
        for (int count : statement.executeBatch()) counts.add(count);
        return counts;
      }
    });
    step("generated keys", () -> {
      try (var statement = connection.prepareStatement("INSERT INTO things (name) VALUES ('k')", Statement.RETURN_GENERATED_KEYS)) {
        statement.executeUpdate();
        return rows(statement.getGeneratedKeys());
      }
    });
    step("select by text", () -> query("SELECT * FROM things ORDER BY id"));
    step("select prepared", () -> prepared("SELECT * FROM things WHERE id > ? ORDER BY id", 0));
    step("select again", () -> prepared("SELECT * FROM things WHERE id > ? ORDER BY id", 3));
    step("streamed", () -> {
      try (var statement = connection.prepareStatement("SELECT id, name FROM things ORDER BY id")) {
        statement.setFetchSize(2);
        return rows(statement.executeQuery());
      }
    });
    step("updatable", () -> {
      try (var statement = connection.createStatement(ResultSet.TYPE_SCROLL_SENSITIVE, ResultSet.CONCUR_UPDATABLE);
          var rows = statement.executeQuery("SELECT id, name, ratio FROM things WHERE name = 'k'")) {
        rows.next();
        rows.updateDouble("ratio", 2.5);
        rows.updateRow();
        return rows.getDouble("ratio");
      }
    });
    step("update", () -> prepared("UPDATE things SET flag = ? WHERE name LIKE ?", false, "batch%"));
    step("max rows and time-out", () -> {
      try (var statement = connection.createStatement()) {
        statement.setMaxRows(2);
        statement.setQueryTimeout(30);
        return rows(statement.executeQuery("SELECT name FROM things ORDER BY id"));
      }
    });
    // The driver kills the query by another connection; TiDB's SLEEP then gives 1.
    step("time-out", () -> {
      try (var statement = connection.createStatement()) {
        statement.setQueryTimeout(1);
        return rows(statement.executeQuery("SELECT SLEEP(5)"));
      } catch (SQLTimeoutException error) {
        return error.getClass().getSimpleName();
      }
    });
  }

  static void transactions() throws Exception {
    for (var end : List.of("commit", "rollback")) {
      step("transaction: " + end, () -> {
        connection.setAutoCommit(false);
        try (var other = DriverManager.getConnection(url)) {
          connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
          prepared("UPDATE things SET amount = amount + 1 WHERE name = ?", "batch1");
          var savepoint = connection.setSavepoint("here");
          update("DELETE FROM things WHERE name = 'batch1'");
          connection.rollback(savepoint);
          var inside = query("SELECT amount FROM things WHERE name = 'batch1'");
          var outside = rows(other.createStatement().executeQuery("SELECT amount FROM things WHERE name = 'batch1'"));
          if (end.equals("commit")) connection.commit();
          else connection.rollback();
          return List.of(inside, outside, query("SELECT amount FROM things WHERE name = 'batch1'"));
        } finally {
          connection.setAutoCommit(true);
          connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        }
      });
    }
    step("read only", () -> {
      connection.setReadOnly(true);
      var rows = query("SELECT COUNT(*) FROM things");
      connection.setReadOnly(false);
      return rows;
    });
  }

  static void errors() throws Exception {
    var wrong = List.of("INSERT INTO things (name) VALUES ('empty')", "SELECT nothing FROM things", "SELECT * FROM nowhere.nothing",
        "SELEC 1", "INSERT INTO things (name) VALUES (REPEAT('x', 51))", "INSERT INTO things (name) VALUES (NULL)",
        "INSERT INTO things (name, day) VALUES ('d', '2023-02-30')");
    for (var sql : wrong) {
      step("error: " + sql, () -> say(refusal(() -> query(sql))));
      step("error, prepared: " + sql, () -> say(refusal(() -> prepared(sql))));
    }
    step("warnings", () -> {
      try (var statement = connection.createStatement()) {
        statement.executeUpdate("INSERT IGNORE INTO things (name) VALUES ('empty')");
        var said = new ArrayList<String>();
        for (var warning = statement.getWarnings(); warning != null; warning = warning.getNextWarning()) said.add(say(warning));
        return said;
      }
    });
  }

  static void manyAtOnce() throws Exception {
    step("many at once", () -> {
      var tasks = new ArrayList<Callable<Object>>();
      for (int i = 0; i < 6; i++) {
        int n = i;
        tasks.add(() -> {
          try (var own = DriverManager.getConnection(url); var statement = own.prepareStatement("SELECT ?, name FROM things WHERE id = 1")) {
            statement.setInt(1, n);
            return rows(statement.executeQuery());
          }
        });
      }
      var threads = Executors.newFixedThreadPool(6);
      var gave = new ArrayList<Object>();
      for (var future : threads.invokeAll(tasks)) gave.add(future.get());
      threads.shutdown();
      return gave;
    });
  }

  static void metadata() throws Exception {
    var about = connection.getMetaData();
    var schema = connection.getCatalog();
    step("product", () -> List.of(about.getDatabaseProductName(), about.getDatabaseProductVersion(), schema, about.getUserName(),
        about.getDefaultTransactionIsolation(), about.getSQLKeywords(), about.getMaxColumnNameLength()));
    step("tables", () -> rows(about.getTables(schema, null, "%", new String[] {"TABLE", "VIEW"})));
    step("columns", () -> rows(about.getColumns(schema, null, "things", "%")));
    step("primary keys", () -> rows(about.getPrimaryKeys(schema, null, "things")));
    step("indexes", () -> rows(about.getIndexInfo(schema, null, "things", false, true)));
    step("types", () -> rows(about.getTypeInfo()));
    step("parameters", () -> {
      try (var statement = connection.prepareStatement("SELECT * FROM things WHERE id = ? AND name = ?")) {
        var columns = statement.getMetaData();
        var names = new ArrayList<String>();
        for (int i = 1; i <= columns.getColumnCount(); i++)
          names.add(columns.getColumnName(i) + " " + columns.getColumnTypeName(i) + " " + columns.getPrecision(i) + " " + columns.getScale(i)
              + " " + columns.isNullable(i) + " " + columns.getColumnClassName(i));
        return names + " with " + statement.getParameterMetaData().getParameterCount();
      }
    });
    step("valid", () -> List.of(connection.isValid(5), connection.getNetworkTimeout(), connection.nativeSQL("SELECT {fn NOW()}")));
  }

  static void view() throws Exception {
    var definition = "SELECT id % 2 AS odd, count(*) AS n, sum(amount) AS total FROM things GROUP BY id % 2";
    step("view: create", () -> update("CREATE MATERIALIZED VIEW totals AS " + definition));
    step("view: read", () -> {
      var read = prepared("SELECT odd, n, total FROM totals WHERE n > ? ORDER BY odd", 0);
      var wanted = prepared(definition + " HAVING n > ? ORDER BY odd", 0);
      if (!read.equals(wanted) || read.equals("[]")) throw new AssertionError("the view has " + read + ", and not " + wanted);
      return read;
    });
    step("view: write", () -> say(refusal(() -> update("DELETE FROM totals"))));
    step("view: drop", () -> update("DROP MATERIALIZED VIEW totals"));
    step("view: gone", () -> say(refusal(() -> query("SELECT * FROM totals"))));
  }

  /** Does a thing and prints what it gave; a step that throws has failed, and the session goes on. */
  static void step(String name, Action action) throws Exception {
    String status = "passed";
    Object gave;
    try {
      gave = action.run();
    } catch (Exception | Error error) {
      status = "failed";
      gave = error instanceof SQLException refused ? say(refused) : error;
    }
    var line = name + "\t" + status + "\t" + String.valueOf(gave).replace("\\", "\\\\").replace("\n", "\\n") + "\n";
    System.out.write(line.getBytes(StandardCharsets.UTF_8));
    System.out.flush();
  }

  /** MariaDB's connector puts the connection's id before each message, as a signed number. */
  static String say(SQLException error) {
    var message = error.getMessage().replaceFirst("^\\(conn=-?\\d+\\) ", "");
    return error.getClass().getSimpleName() + " " + error.getErrorCode() + " " + error.getSQLState() + " " + message;
  }

  static SQLException refusal(Action action) throws Exception {
    Object gave;
    try {
      gave = action.run();
    } catch (SQLException error) {
      return error;
    }
    throw new AssertionError("nothing was refused: " + gave);
  }

  static Object update(String sql) throws SQLException {
    try (var statement = connection.createStatement()) {
      return statement.executeUpdate(sql);
    }
  }

  static String query(String sql) throws SQLException {
    try (var statement = connection.createStatement()) {
      return rows(statement.executeQuery(sql));
    }
  }

  static String prepared(String sql, Object... values) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) statement.setObject(i + 1, values[i]);
      return statement.execute() ? rows(statement.getResultSet()) : "updated " + statement.getUpdateCount();
    }
  }

  static String rows(ResultSet rows) throws SQLException {
    var lines = new ArrayList<String>();
    int width = rows.getMetaData().getColumnCount();
    while (rows.next()) {
      var cells = new ArrayList<String>();
      for (int i = 1; i <= width; i++) {
        var cell = rows.getObject(i);
        cells.add(cell instanceof byte[] bytes ? HexFormat.of().formatHex(bytes) : String.valueOf(cell));
      }
      lines.add(String.join(" | ", cells));
    }
    rows.close();
    return lines.toString();
  }
}
