// What a database browser asks for, through any JDBC driver: prints how many rows each answer has.
// Usage: java -cp DRIVER.jar Metadata.java URL
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;

public class Metadata {
  interface Question {
    ResultSet ask() throws SQLException;
  }

  static void print(String what, Question question) throws SQLException {
    try (var rows = question.ask()) {
      var count = 0;
      while (rows.next()) count++;
      System.out.println(what + " " + count);
    }
  }

  public static void main(String[] args) throws Exception {
    try (var connection = DriverManager.getConnection(args[0])) {
      var meta = connection.getMetaData();
      print("catalogs", () -> meta.getCatalogs());
      print("tables", () -> meta.getTables("browsed", null, "%", new String[] {"TABLE", "VIEW"}));
      print("columns", () -> meta.getColumns("browsed", null, "%", "%"));
      print("primary", () -> meta.getPrimaryKeys("browsed", null, "t"));
      print("indexes", () -> meta.getIndexInfo("browsed", null, "t", false, true));
      print("imported", () -> meta.getImportedKeys("browsed", null, "t"));
      print("exported", () -> meta.getExportedKeys("browsed", null, "t"));
      print("procedures", () -> meta.getProcedures("browsed", null, "%"));
      try (var statement = connection.prepareStatement("SELECT id, v FROM browsed.t WHERE id >= ? AND v <> ? ORDER BY id LIMIT ?")) {
        statement.setInt(1, 1);
        statement.setString(2, "it's \\");
        statement.setInt(3, 5);
        print("prepared", () -> statement.executeQuery());
      }
      connection.setAutoCommit(false);
      connection.createStatement().executeUpdate("UPDATE browsed.t SET v = 'gone'");
      connection.rollback();
      connection.setAutoCommit(true);
      print("unchanged", () -> connection.createStatement().executeQuery("SELECT * FROM browsed.t WHERE v = 'gone'"));
      System.out.println("valid " + connection.isValid(5));
    }
  }
}
