// Runs statements with Connector/J, one a line of standard input, and prints each outcome as one line.
// A line is `text` or `prepared` (by the server), a tab, and the statement, or several with `;` between them. An outcome is
// `rows` with cells between `|` and rows of all results between ` / `, `done` where there was no result, or `error` with its
// number.
// Usage: java -cp mysql-connector-j.jar Statements.java PORT
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;

public class Statements {
  public static void main(String[] args) throws Exception {
    var properties = new Properties();
    properties.setProperty("user", "root");
    properties.setProperty("sslMode", "DISABLED");
    properties.setProperty("useServerPrepStmts", "true");
    properties.setProperty("allowMultiQueries", "true");
    var lines = new BufferedReader(new InputStreamReader(System.in));
    try (var connection = DriverManager.getConnection("jdbc:mysql://127.0.0.1:" + args[0] + "/", properties)) {
      for (var line = lines.readLine(); line != null; line = lines.readLine()) {
        var parts = line.split("\t", 2);
        System.out.println(run(connection, parts[0].equals("prepared"), parts[1]));
      }
    }
  }

  static String run(Connection connection, boolean isPrepared, String sql) {
    try (Statement statement = isPrepared ? connection.prepareStatement(sql) : connection.createStatement()) {
      boolean hasRows =
          isPrepared ? ((java.sql.PreparedStatement) statement).execute() : statement.execute(sql);
      var hasAnyRows = false;
      var all = new StringBuilder();
      while (hasRows || statement.getUpdateCount() != -1) {
        hasAnyRows |= hasRows;
        if (hasRows) append(statement.getResultSet(), all);
        hasRows = statement.getMoreResults();
      }
      return hasAnyRows ? "rows " + all : "done";
    } catch (SQLException error) {
      return "error " + error.getErrorCode();
    }
  }

  static void append(ResultSet rows, StringBuilder all) throws SQLException {
    int columns = rows.getMetaData().getColumnCount();
    while (rows.next()) {
      if (all.length() > 0) all.append(" / ");
      for (int i = 1; i <= columns; i++) all.append(i > 1 ? "|" : "").append(rows.getString(i));
    }
  }
}
