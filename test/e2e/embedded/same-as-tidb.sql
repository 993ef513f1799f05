# Statements whose results and error codes are the same on TiDB and on the embedded cluster. One a line; `2>` is a second
# session; `1235>` is refused by the embedded cluster and not compared; `#` is a comment.

# databases
create database d1
create database d1
create database if not exists d1
create database d2 charset utf8mb4 collate utf8mb4_general_ci
create database d3 charset nosuch
create database d3 collate nosuch
drop database nosuch
drop database if exists nosuch
use nosuch
use d1
select database()
select schema_name, default_collation_name from information_schema.schemata where schema_name in ('d1', 'd2')
show databases like 'd%'

# tables
create table t (id int primary key, a varchar(10), b decimal(10,2))
create table t (id int)
create table if not exists t (id int)
create table dup (a int, A int)
create table twice (a int primary key, b int, primary key (b))
create table nokey (a int, key (nosuch))
create table samekey (a int, key k (a), key k (a))
create table nolength (a text, key (a))
create table baddefault (a int default 'x')
create table nulldefault (a int not null default null)
create table toobig (a decimal(70,2))
create table scale (a decimal(5,10))
create table fsp (a datetime(9))
create table twoauto (a int auto_increment primary key, b int auto_increment, key(b))
create table autonokey (a int auto_increment)
create table nullkey (a int null primary key)
create table nodb.t (a int)
create table tmpl like t
show create table tmpl
drop table tmpl
drop table nosuch
drop table if exists nosuch
drop view t
show create table nosuch
describe t
show columns from t
show full columns from t
show create table t
show index from t
show tables
show full tables
create table types (a tinyint, b tinyint unsigned, c bool, d smallint, e mediumint, f float, g double, h float(5,2), i decimal, j bit, k year, l date, m time(3), n char, o varchar(3), p binary(3), q varbinary(4), r tinytext, s mediumtext, t longtext, u set('a','bcd'), v json, w timestamp(2) default '2020-01-01 00:00:00', x int default 5, y decimal(10,2) default 1.5, z enum('p','qq') default 'qq', aa datetime(3) not null, ab int not null default 3, ac varchar(5) not null default '', ad float default 1.5, ae date default '2020-01-01', af timestamp default current_timestamp on update current_timestamp, ag bigint unsigned, ah int(5) zerofill, ai bit(4) default b'101', aj blob, ak char(3) charset latin1 collate latin1_bin, al varchar(5) collate utf8mb4_general_ci comment 'it''s')
show create table types
show full columns from types
select column_name, data_type, column_type, is_nullable, column_key, extra from information_schema.columns where table_schema = 'd1' and table_name = 'types' order by ordinal_position
create table keys1 (a varchar(10) primary key, b int unique, c int, d int, key(c), unique key x (c,d), key (c,d))
show create table keys1
show index from keys1
create table keys2 (a int, b varchar(20), primary key (b, a), key kb (b(5)))
show create table keys2
create table keys3 (a int primary key nonclustered, b int)
show create table keys3
select constraint_name, constraint_type from information_schema.table_constraints where table_schema = 'd1' and table_name = 'keys1' order by constraint_name
select index_name, seq_in_index, column_name, non_unique from information_schema.statistics where table_schema = 'd1' and table_name = 'keys1' order by index_name, seq_in_index
drop table keys1, keys2, keys3, types

# inserts
insert into t values (1, 'one', 1.5)
insert into t values (1, 'again', 2)
insert into t (id, a) values (2, 'two'), (3, 'three')
insert into t (id) values (4), (4)
insert into t (id, nosuch) values (5, 1)
insert into t values (5)
insert into t (id, id) values (5, 5)
insert into nosuch values (1)
insert into t values (null, 'x', 1)
insert into t (a) values ('no key')
insert into t values (5, 'much too long for it', 1)
insert into t values (5, 'x', 123456789)
insert into t values ('abc', 'x', 1)
insert into t values (99999999999, 'x', 1)
insert into t set id = 5, a = 'five', b = 1 + 2 * 3
insert into t select id + 10, a, b from t where id < 3
insert into t values (6, concat('a', 'b'), 10 / 4)
insert into t values (-7, 'neg', -1.005)
insert ignore into t values (1, 'ignored', 0), (7, 'seven', 7)
insert into t values (8, default, default)
select * from t order by id
select * from t order by a desc, id limit 3
select * from t order by id limit 2 offset 1
select * from t order by id limit 1, 2
select a, id from t where b is null order by 2 desc

# on duplicate, replace
create table u (id int primary key auto_increment, k varchar(10) unique, n int default 0)
insert into u (k, n) values ('a', 1), ('b', 2)
insert into u (k, n) values ('a', 5) on duplicate key update n = n + values(n)
insert into u (k, n) values ('a', 6) on duplicate key update n = 6
insert into u (k, n) values ('c', 5), ('b', 7) on duplicate key update n = values(n), k = concat(k, '!')
select k, n from u order by k
replace into u (id, k, n) values (1, 'z', 9)
replace into u (k, n) values ('z', 10), ('y', 11)
insert into u (k) values (null), (null)
insert into u (id, k) values (100, 'hundred')
insert into u (k) values ('after')
select last_insert_id() >= 101
insert into u (k) values ('z')
insert into u values (100, 'q', 1)
select k, n from u order by k, n
update u set k = 'y' where k = 'hundred'
update ignore u set k = 'y' where k = 'hundred'
select count(*), count(k), count(distinct n) from u

# update, delete
update t set b = b + 1 where id = 1
update t set b = b + 1 where id = 1000
update t set b = b where id = 1
update t set a = 'x', b = id where id in (2, 3)
update t set id = 20 where id = 2
update t set id = 20 where id = 3
update t set nosuch = 1
update t set b = nosuch
update t set a = null where id = 20
update t set id = null where id = 20
update t set a = 'far too long for the column' where id = 1
update t set b = id, id = id + 1000 order by id limit 2
update t as x set x.b = 3 where x.id = 4
update nosuch set a = 1
delete from t where id = 4
delete from t where id = 4
delete from t where nosuch = 1
delete from t order by id desc limit 1
select * from t order by id
delete from t
select count(*), sum(b), max(a) from t
truncate table t
truncate table nosuch

# values of all types
create table v (i int, ti tinyint, tu tinyint unsigned, bi bigint, bu bigint unsigned, dc decimal(5,2), f float, db double, c char(3), vc varchar(3), bn binary(3), vb varbinary(3), tx text, d date, dt datetime, dt3 datetime(3), ts timestamp null, tm time, y year, e enum('x','y'), s set('a','b'), b bit(4))
insert into v (i) values ('abc')
insert into v (i) values ('12abc')
insert into v (i) values ('')
insert into v (i) values (1.5), ('1.5'), (-1.5), (1e2), (true), ('7 ')
insert into v (ti) values (128)
insert into v (ti) values (-128), (127)
insert into v (tu) values (256)
insert into v (tu) values (-1)
insert into v (tu) values ('300')
insert into v (bi) values (9223372036854775808)
insert into v (bi) values (-9223372036854775808)
insert into v (bu) values (18446744073709551615)
insert into v (bu) values (18446744073709551616)
insert into v (dc) values (12345)
insert into v (dc) values (1.235), (-1.235), ('1.239'), (1e2), ('99.999')
insert into v (dc) values ('x')
insert into v (dc) values ('1.5x')
insert into v (f) values (1.5), ('2.5'), (100)
insert into v (f) values ('x')
insert into v (db) values ('1.5e3'), (0.1), (-3)
insert into v (c) values ('abc  '), ('a  ')
insert into v (c) values ('abcd')
insert into v (vc) values ('abc  '), (123), (1.5)
insert into v (vc) values (1234)
insert into v (bn) values ('ab')
insert into v (bn) values ('abcd')
insert into v (vb) values ('abcd')
insert into v (tx) values ('long text with ''quotes'' and \\ backslash'), ("double"), ('日本語')
insert into v (d) values ('2024-13-01')
insert into v (d) values ('abc')
insert into v (d) values ('2024-1-2'), (20240102), ('2024-01-02 10:11:12'), ('240102')
insert into v (d) values (20241302)
insert into v (d) values (0)
insert into v (dt) values ('x')
insert into v (dt) values ('2024-01-01'), (20240102030405), ('2024-01-02 03:04:05.6'), ('2024-02-29 23:59:59.9')
insert into v (dt) values ('2023-02-29')
insert into v (dt) values ('2024-01-01 25:00:00')
insert into v (dt) values ('0000-00-00')
insert into v (dt3) values ('2024-01-02 03:04:05.6789')
insert into v (ts) values ('2024-01-01 12:00:00')
insert into v (ts) values ('1960-01-01')
insert into v (tm) values ('10:11:12.7'), (101112), ('-01:02:03'), ('100:00:00')
insert into v (tm) values ('x')
insert into v (tm) values ('900:00:00')
insert into v (y) values (2024), ('99'), ('2001')
insert into v (y) values (1800)
insert into v (e) values ('x'), (2), ('Y')
insert into v (e) values ('z')
insert into v (e) values (5)
insert into v (e) values ('')
insert into v (s) values ('a,b'), (1), ('')
insert into v (s) values ('c')
insert into v (s) values (9)
insert into v (b) values (b'101'), (7)
insert into v (b) values (16)
select * from v
set time_zone = '+08:00'
select ts from v where ts is not null
insert into v (ts) values ('2024-06-01 00:00:00')
set time_zone = '+00:00'
select ts from v where ts is not null
set time_zone = 'Nowhere/City'

# selects
create table o (id int primary key, customer int, amount decimal(10,2), at date, key (customer))
create table c (id int primary key, name varchar(20) collate utf8mb4_general_ci, city varchar(20))
insert into c values (1, 'Ann', 'Rome'), (2, 'bob', 'Paris'), (3, 'cyd', null)
insert into o values (1, 1, 10.50, '2024-01-01'), (2, 1, 2, '2024-01-02'), (3, 2, 7, null), (4, 9, 1, '2024-02-01')
select c.name, count(*), sum(o.amount), avg(o.amount), min(o.at), max(o.id) from o join c on c.id = o.customer group by c.name order by c.name
select c.name, o.id from c left join o on o.customer = c.id order by c.id, o.id
select o.id, c.name from c right join o on o.customer = c.id order by o.id
select * from c join o using (id) order by id
select * from c natural join o
select * from c, o where c.id = o.customer and amount > 5 order by o.id
select name from c where name = 'ANN'
select name from c where city = 'rome'
select name from c where name like 'B%'
select id from c where city is null or city in ('Paris', 'Oslo')
select id from o where amount between 2 and 8 order by id
select id from o where customer in (select id from c where city = 'Rome') order by id
select id from o where not exists (select 1 from c where c.id = o.customer)
select name, (select sum(amount) from o where o.customer = c.id) s from c order by id
select distinct customer from o order by customer
select customer + 1 as x, count(*) from o group by x order by x
select customer, sum(amount) s from o group by customer having s > 5 order by s
select count(*) from o where 1 = 0
select sum(amount), max(at) from o where 1 = 0
select x.n, x.s from (select customer as n, sum(amount) as s from o group by customer) x where x.s > 5 order by x.n
select id from c union select customer from o order by id
select id from c union all select customer from o order by id desc limit 3
(select id from c order by id desc limit 1) union all (select id from o order by id limit 1) order by 1
with w as (select customer, count(*) n from o group by customer) select * from w where n > 1
select case when amount > 5 then 'big' when amount > 1 then 'mid' else 'small' end size, id from o order by id
select if(amount > 5, 1, 0), coalesce(at, at), nullif(customer, 1), ifnull(amount, 0) from o order by id
select upper(name), lower(name), length(name), char_length(name), concat(name, '-', id), substring(name, 2), left(name, 1), right(name, 1), trim(name), replace(name, 'n', 'm') from c order by id
select year(at), month(at), day(at) from o order by id
select abs(-amount), round(amount), floor(amount), ceil(amount), amount % 3, amount div 3 from o order by id
select * from o order by at desc, id
select o.* from o where o.id = 1
select d1.o.id from d1.o where d1.o.id = 1
select id as `select`, amount 'the amount' from o where id = 1
select nosuch from o
select o.nosuch from o
select nosuch.id from o
select * from o where nosuch = 1
select * from o where id = 2 and amount > 1
select * from o where id in (3, 1, 99, 1) order by id
select * from o where id = 2 or id = 3 order by id
select count(*) from o a join o b on a.id = 1 and b.id > 0
select a.id, b.id from o a left join o b on b.id = 2 where a.id in (1, 2) order by a.id
select * from o where id = 1.5
select * from o where id = '2'
select * from o where id = -1
select id from o, c
select * from nosuch
select * from nodb.nosuch
select nosuch.* from o
select * from o order by nosuch
select from o
select * from (select id from o)
selec 1
select 1 union select 1, 2
select a.id from c a join o a on a.id = 1
select c.id from c join d1.c on 1 = 1
select id, count(*) from o
select customer, id, count(*) from o group by customer
select sum(count(*)) from o
select id from o where sum(amount) > 1
select 9223372036854775807 + 1
select 1 = '1', '2' = 2
select 1, 'a', 1.5, null, true, -1, 0x41, 1e3
select 1 + 1, 2 * 3.5, 7 / 2, 7 div 2, 7 % 2, -(3), 1 = 1, 2 > 3, null is null, not 1, 1 and 0, 1 or 0, 1 xor 1
select 'a' = 'a', 'a' < 'b', 'abc' like 'a%', 2 in (1, 2, 3), 5 between 1 and 9, null = null, null <=> null
select 1 where 1 = 0
select sha1('abc'), md5('abc'), hex('abc'), hex(255), conv('ff', 16, 10), unhex('414243')
select sha1(concat_ws(',', ifnull(hex(cast(name as binary)), '~'), ifnull(hex(weight_string(rtrim(city))), '~'))) from c order by id
select bit_xor(cast(conv(substr(sha1(name), 1, 8), 16, 10) as unsigned)), bit_or(id), bit_and(id) from c
select @@autocommit, @@session.div_precision_increment, @@global.max_allowed_packet, @@character_set_client
select @@nosuch
set @x = 5
select @x, @y
set @x = 'text', @y = 1 + 1
select @x, @y
set nosuch = 1
set session sql_mode = default
set autocommit = maybe
select connection_id() > 0, version() like '8.0.11-TiDB%', user() like 'root@%'
select row_count()

# views
create view vw as select customer, sum(amount) total from o group by customer
create view vw as select 1
create or replace view vw as select customer cust, count(*) n from o group by customer
select * from vw order by cust
select v.n, c.name from vw v join c on c.id = v.cust order by c.id
show full tables
show create table vw
show full columns from vw
select view_definition from information_schema.views where table_schema = 'd1' and table_name = 'vw'
create view v2 (p, q) as select id, name from c
select * from v2 order by p
create view v3 (p) as select id, name from c
create view v4 as select id, id from c
create view v4 as select @x
create view v4 as select nosuch from c
create view v5 as select x.n, c.name from vw x join c on c.id = x.cust
select * from v5 order by n, name
drop view v5
drop table vw
drop view nosuch
drop view if exists nosuch
drop view vw, v2

# rename, alter
rename table o to o2
select count(*) from o2
select count(*) from o
rename table o2 to o, c to c2
rename table c2 to o
rename table c2 to d2.c, o to d2.o
select count(*) from d2.c
rename table d2.c to c, d2.o to o
rename table nosuch to x
alter table o add index amt (amount)
show create table o
alter table o add unique index amt (amount)
alter table o add unique index cust (customer)
create unique index at_id on o (at, id)
alter table o drop index amt
alter table o drop index nosuch
drop index at_id on o
alter table o rename to oo
rename table oo to o
alter table c comment = 'people'
show create table c
alter table nosuch add index (a)

# transactions
begin
insert into o values (50, 1, 1, null)
select count(*) from o
2> select count(*) from d1.o
rollback
select count(*) from o
begin
insert into o values (51, 1, 1, null)
update o set amount = 2 where id = 51
delete from o where id = 4
select * from o order by id
commit
2> select count(*) from d1.o
start transaction
select count(*) from o
2> insert into d1.o values (60, 1, 1, null)
select count(*) from o
commit
select count(*) from o
begin
update o set amount = 100 where id = 1
2> update d1.o set amount = 200 where id = 1
commit
select amount from o where id = 1
begin
2> begin
insert into o values (70, 1, 1, null)
2> insert into d1.o values (71, 1, 1, null)
commit
2> commit
select id from o where id >= 70 order by id
set autocommit = 0
insert into o values (80, 1, 1, null)
2> select count(*) from d1.o where id = 80
rollback
select count(*) from o where id = 80
set autocommit = 1
begin
insert into o values (90, 1, 1, null), (1, 1, 1, null)
select count(*) from o where id = 90
commit
insert into o values (91, 1, 1, null), (1, 1, 1, null)
select count(*) from o where id = 91

# other clients' questions
show variables like 'sql_mode'
show variables where variable_name = 'lower_case_table_names'
show collation where collation = 'utf8mb4_bin'
show engines
show warnings
set names utf8mb4
set names utf8mb4 collate utf8mb4_bin
set names nosuch
set transaction isolation level repeatable read
analyze table o
analyze table nosuch
admin check table o
admin check table nosuch
select substring_index('a.b.c', '.', 2), substring_index('a.b.c', '.', -1)
kill 999999
explain nosuch

set names utf8mb4, autocommit = 1
prepare p from 'select count(*) from o where id > ?'
set @i = 50
execute p using @i
execute p
execute nosuch
deallocate prepare p
execute p using @i
select distinct o.customer from o order by o.customer
select distinct customer from o order by o.customer desc
select cast(amount as signed integer), cast('12' as unsigned int) from o order by id

# what the embedded cluster does not have
1235> create temporary table tt (a int)
1235> create table fk (a int, foreign key (a) references o (id))
1235> create table gen (a int, b int as (a + 1))
1235> create table part (a int) partition by hash (a) partitions 2
1235> alter table o add column z int
1235> select id, row_number() over (order by id) from o
1235> select group_concat(id) from o
1235> select * from o for update
1235> begin pessimistic
1235> select ifnull(at, '2000-01-01') from o
1235> select customer, count(*) from o group by customer with rollup
1235> select id from o where id in (select id from o order by id limit 1)
drop database d1
drop database d2
select database()
