/** The data set of `--demo`: a small shop, and what to type to see views at work. */

/** What makes it. */
export const DEMO_STATEMENTS: readonly string[] = [
  'CREATE DATABASE shop',
  `CREATE TABLE shop.customers (
     id INT PRIMARY KEY, name VARCHAR(20) NOT NULL, city VARCHAR(20) NOT NULL)`,
  `CREATE TABLE shop.orders (
     id INT PRIMARY KEY AUTO_INCREMENT, customer INT NOT NULL, total DECIMAL(10,2) NOT NULL, KEY (customer))`,
  `INSERT INTO shop.customers VALUES
     (1, 'ann', 'Oslo'), (2, 'bob', 'Rome'), (3, 'eve', 'Oslo'), (4, 'joe', 'Kyoto')`,
  `INSERT INTO shop.orders (customer, total) VALUES
     (1, 20.00), (1, 99.50), (2, 250.00), (3, 12.25), (3, 7.75), (3, 80.00)`,
];

/** What to type next; to be printed. @param address - where clients connect. */
export function demoText({ host, port }: { readonly host: string; readonly port: number }): string {
  return `The database \`shop\` has customers and orders. Connect:

    mariadb -h ${host} -P ${port} -u root shop

and type:

    CREATE MATERIALIZED VIEW spent AS
      SELECT c.city, COUNT(*) AS orders, SUM(o.total) AS total
      FROM orders o JOIN customers c ON c.id = o.customer GROUP BY c.city;
    SELECT * FROM spent;
    INSERT INTO orders (customer, total) VALUES (4, 500.00);
    REFRESH MATERIALIZED VIEW spent;
    SELECT * FROM spent;
    EXPLAIN ANALYZE MATERIALIZED VIEW spent;
`;
}
