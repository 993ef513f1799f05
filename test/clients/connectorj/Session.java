// A fixed session with Connector/J: prints everything it gets.
// Usage: java -cp mysql-connector-j.jar Session.java HOST PORT USER PASSWORD DIRECTORY [tls]
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;

public class Session {
  static Connection connection;

  public static void main(String[] args) throws Exception {
    var properties = new Properties();
    properties.setProperty("user", args[2]);
    properties.setProperty("password", args[3]);
    properties.setProperty("sslMode", args.length > 5 ? "REQUIRED" : "DISABLED");
    properties.setProperty("useServerPrepStmts", "true");
    properties.setProperty("useCursorFetch", "true");
    properties.setProperty("allowMultiQueries", "true");
    properties.setProperty("allowLoadLocalInfile", "true");
    properties.setProperty("maxAllowedPacket", "67108864");
    properties.setProperty("connectionTimeZone", "UTC");
    properties.setProperty("blobSendChunkSize", "100000");
    var url = "jdbc:mysql://" + args[0] + ":" + args[1] + "/clients";
    connection = DriverManager.getConnection(url, properties);
    var directory = args[4];

    query("SELECT 1, NULL, 'é', 1.5, x'00ff'");
    query("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(100), b LONGBLOB)");
    query("INSERT INTO t (v) VALUES ('a'), ('b')");
    query("SELECT * FROM types ORDER BY id");
    query("SELECT nonsense");
    query("SELECT * FROM missing");
    query("SELECT 1; SELECT 2; INSERT INTO t (v) VALUES ('m'); SELECT v FROM t WHERE id = 3");
    query("SELECT 1; SELECT nonsense; SELECT 3");

    prepared("INSERT INTO t (v) VALUES (?)", "p'\"\\");
    prepared("INSERT INTO t (v) VALUES (?)", new Object[] {null});
    prepared("SELECT id, v FROM t WHERE id > ? ORDER BY id", 1);
    prepared("SELECT * FROM types WHERE id >= ? ORDER BY id", 0);
    prepared("SELECT ? + ?, ?", 1, 2.5, "text");
    prepared("SELECT nonsense FROM t WHERE id = ?", 1);
    prepared("SELECT id FROM t", new Object[0]);

    // Long data: a stream is sent by COM_STMT_SEND_LONG_DATA.
    try (var statement = connection.prepareStatement("INSERT INTO t (v, b) VALUES (?, ?)")) {
      var blob = "long".repeat(200_000).getBytes(StandardCharsets.US_ASCII);
      statement.setString(1, "blob");
      statement.setBinaryStream(2, new ByteArrayInputStream(blob), blob.length);
      System.out.println("inserted " + statement.executeUpdate());
    }
    query("SELECT v, LENGTH(b), MD5(b) FROM t WHERE b IS NOT NULL");

    // A cursor: rows come by COM_STMT_FETCH.
    try (var statement = connection.prepareStatement("SELECT id, v FROM loaded ORDER BY id")) {
      statement.setFetchSize(7);
      try (var rows = statement.executeQuery()) {
        print(rows);
      }
    }

    connection.setAutoCommit(false);
    query("UPDATE t SET v = 'changed' WHERE id = 1");
    connection.rollback();
    query("SELECT v FROM t WHERE id = 1");
    query("UPDATE t SET v = 'changed' WHERE id = 1");
    connection.commit();
    connection.setAutoCommit(true);
    query("SELECT v FROM t WHERE id = 1");

    query("LOAD DATA LOCAL INFILE '" + directory + "/rows.tsv' INTO TABLE loaded2");
    query("SELECT COUNT(*), SUM(id), MAX(v) FROM loaded2");

    // Packets of more than 16 MiB, both ways, and those whose last packet is empty.
    for (int length : new int[] {16777215 - 9, 16777215, 2 * 16777215}) {
      prepared("SELECT LENGTH(?)", "x".repeat(length));
      query("SELECT REPEAT('y', " + length + ")");
      prepared("SELECT REPEAT(?, " + length + ")", "y");
    }

    connection.setCatalog("clients");
    query("SELECT DATABASE()");
    System.out.println("valid " + connection.isValid(5));
    ((com.mysql.cj.jdbc.JdbcConnection) connection).resetServerState();
    query("SELECT 'after COM_CHANGE_USER'");
    connection.close();
  }

  static void query(String sql) throws Exception {
    System.out.println("> " + shorten(sql));
    try (Statement statement = connection.createStatement()) {
      boolean hasRows = statement.execute(sql);
      while (true) {
        if (hasRows) print(statement.getResultSet());
        else if (statement.getUpdateCount() < 0) break;
        else System.out.println("affected " + statement.getUpdateCount());
        hasRows = statement.getMoreResults();
      }
    } catch (SQLException error) {
      complain(error);
    }
  }

  static void prepared(String sql, Object... parameters) throws Exception {
    System.out.println("? " + sql);
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) statement.setObject(i + 1, parameters[i]);
      for (int times = 0; times < 2; times++) {
        if (statement.execute()) print(statement.getResultSet());
        else System.out.println("affected " + statement.getUpdateCount());
      }
    } catch (SQLException error) {
      complain(error);
    }
  }

  static void print(ResultSet rows) throws Exception {
    ResultSetMetaData columns = rows.getMetaData();
    var line = new StringBuilder("columns");
    for (int i = 1; i <= columns.getColumnCount(); i++) {
      line.append(' ').append(columns.getColumnName(i)).append(':').append(columns.getColumnTypeName(i));
    }
    System.out.println(line);
    while (rows.next()) {
      line = new StringBuilder("row");
      for (int i = 1; i <= columns.getColumnCount(); i++) line.append(' ').append(shorten(rows.getString(i)));
      System.out.println(line);
    }
  }

  static void complain(SQLException error) {
    System.out.println("error " + error.getErrorCode() + " " + error.getSQLState() + " " + error.getMessage());
  }

  static String shorten(String text) {
    if (text == null || text.length() <= 200) return text;
    return text.length() + " characters " + text.substring(0, 10) + "…" + text.substring(text.length() - 10);
  }
}
