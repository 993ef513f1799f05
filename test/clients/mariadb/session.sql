-- A fixed session for the mariadb command-line client (run with --force --table --column-type-info). DIRECTORY is
-- replaced by where rows.tsv lies.
SELECT 1, NULL, 'é', 1.5, x'00ff';
STATUS_IS_NOT_A_STATEMENT;
CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(100), b LONGBLOB);
INSERT INTO t (v) VALUES ('a'), ('b');
SELECT * FROM t ORDER BY id;
SELECT * FROM types ORDER BY id;
SELECT nonsense;
SELECT * FROM missing;
delimiter //
SELECT 1; SELECT 2; INSERT INTO t (v) VALUES ('m'); SELECT v FROM t WHERE id = 3;//
SELECT 1; SELECT nonsense; SELECT 3;//
delimiter ;
BEGIN;
UPDATE t SET v = 'changed' WHERE id = 1;
ROLLBACK;
SELECT v FROM t WHERE id = 1;
BEGIN;
UPDATE t SET v = 'changed' WHERE id = 1;
COMMIT;
SELECT v FROM t WHERE id = 1;
PREPARE p FROM 'SELECT v FROM t WHERE id = ?';
SET @id = 2;
EXECUTE p USING @id;
DEALLOCATE PREPARE p;
LOAD DATA LOCAL INFILE 'DIRECTORY/rows.tsv' INTO TABLE loaded;
SELECT COUNT(*), SUM(id), MAX(v) FROM loaded;
LOAD DATA LOCAL INFILE 'DIRECTORY/empty.tsv' INTO TABLE loaded;
LOAD DATA LOCAL INFILE '/nowhere/at/all' INTO TABLE loaded;
SELECT 'still here';
SELECT LENGTH(REPEAT('y', 16777206)), LENGTH(v) FROM (SELECT REPEAT('y', 16777215) v) d;
SELECT REPEAT('y', 16777206) = a.v, a.v = b.v FROM (SELECT REPEAT('y', 17000000) v) a, (SELECT REPEAT('y', 17000000) v) b;
SHOW WARNINGS;
USE clients;
SELECT DATABASE();
SHOW TABLES;
