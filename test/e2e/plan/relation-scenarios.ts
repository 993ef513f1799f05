/** Definitions that views are wanted for, with changes that reach every part of them. */

/** Tables, definitions over them, and changes after each of which all are compared. */
export interface Scenario {
  readonly title: string;
  readonly tables: readonly string[];
  readonly definitions: readonly string[];
  readonly changes: readonly string[];
}

/** TiFlink's own example, and what the issue on the circuit names. */
export const SCENARIOS: readonly Scenario[] = [
  {
    title: "TiFlink's authors and posts",
    tables: [
      'create table authors (id bigint primary key, name varchar(20) not null)',
      'create table posts (id bigint primary key, author bigint, title varchar(30), score decimal(12,3))',
    ],
    definitions: [
      'select id, name, (select count(*) from posts where posts.author = authors.id) as posts from authors',
      'select a.id, (select sum(score) from posts p where p.author = a.id) s, (select max(title) from posts where author = a.id and score > 0) m, (select avg(score) from posts where author = a.id) v from authors a',
      'select a.id, count(p.id) c from authors a left join posts p on p.author = a.id group by a.id, a.name having count(*) >= 1',
      'select a.id, a.name, count(p.id) c, min(p.title) from authors a left join posts p on p.author = a.id group by a.id',
      'select id from authors where (select count(*) from posts where author = authors.id) > 1 or name = (select max(title) from posts)',
    ],
    changes: [
      "insert into authors values (1, 'x'), (2, 'y'), (3, 'z')",
      "insert into posts values (1, 1, 't', 1.5), (2, 1, null, 2.25), (3, null, 't ', null), (4, 9, 'lost', 1)",
      "insert into authors values (9, 'late')",
      'update posts set author = 2 where id = 1',
      "update posts set title = 'z', score = -1 where id = 4",
      'delete from authors where id = 1',
      'delete from posts',
    ],
  },
  {
    title: 'the creator centre: votes, comments and reactions united, counted and joined to contents',
    tables: [
      'create table contents (id bigint primary key, author_id bigint not null, title varchar(50), kind tinyint not null)',
      'create table votes (id bigint primary key, content_id bigint not null, value tinyint not null)',
      'create table comments (id bigint primary key, content_id bigint not null, body text, is_deleted tinyint(1) not null)',
      'create table reactions (content_id bigint not null, user_id bigint not null, kind tinyint not null, primary key (content_id, user_id, kind))',
    ],
    definitions: [
      `select c.id, c.author_id, c.title, e.votes, e.score, e.comments, e.likes from contents c left join (
         select content_id, count(vote) votes, sum(vote) score, count(cm) comments, count(lk) likes from (
           select content_id, value as vote, null as cm, null as lk from votes
           union all select content_id, null, 1, null from comments where is_deleted = 0
           union all select content_id, null, null, 1 from reactions where kind = 1) events
         group by content_id) e on e.content_id = c.id`,
      'select c.id, (select count(*) from votes v where v.content_id = c.id and v.value > 0) up, (select count(*) from comments m where m.content_id = c.id and not m.is_deleted) cm from contents c where c.kind in (1, 2)',
    ],
    changes: [
      "insert into contents values (1, 10, 'a', 1), (2, 10, null, 2), (3, 11, 'c', 3)",
      'insert into votes values (1, 1, 1), (2, 1, -1), (3, 2, 1), (4, 7, 1)',
      "insert into comments values (1, 1, 'hey', 0), (2, 3, 'ho', 1), (3, 3, 'x', 0)",
      'insert into reactions values (1, 1, 1), (1, 2, 1), (1, 1, 2), (2, 1, 1)',
      'update comments set is_deleted = 1 - is_deleted',
      'update votes set value = -value, content_id = content_id % 3 + 1',
      'delete from reactions where user_id = 1',
      'delete from votes where content_id = 2',
      'update contents set kind = 4 - kind',
      'delete from contents where id = 1',
    ],
  },
  {
    title: 'the bank, and orders less payments per customer',
    tables: [
      'create table accounts (id bigint primary key, owner varchar(20) not null, balance bigint not null)',
      'create table customers (id int primary key, name varchar(20))',
      'create table orders (id int primary key, customer int not null, amount decimal(10,2) not null)',
      'create table payments (id int primary key, customer int not null, amount decimal(10,2) not null)',
    ],
    definitions: [
      'select sum(balance) total, count(*) n, min(balance) lo, max(balance) hi, avg(balance) av from accounts',
      'select owner, sum(balance) total from accounts group by owner having sum(balance) > 0',
      'select customer, sum(amount) as balance from (select customer, amount from orders union all select customer, amount from payments where amount < 0) x group by customer',
      'select c.id, o.total, p.total paid from customers c left join (select customer, sum(amount) total from orders group by customer) o on o.customer = c.id left join (select customer, sum(amount) total from payments group by customer) p on p.customer = c.id',
      'select c.name, o.id oid, p.id pid from customers c, orders o, payments p where o.customer = c.id and p.customer = c.id and p.amount = o.amount',
    ],
    changes: [
      "insert into accounts values (1, 'a', 100), (2, 'b', 50), (3, 'a', -20), (4, 'A', 7)",
      'update accounts set balance = balance + if(id = 1, -30, 30) where id in (1, 2)',
      'delete from accounts where id = 4',
      "insert into customers values (1, 'ann'), (2, null), (3, 'cy')",
      'insert into orders values (1, 1, 10.50), (2, 1, 3), (3, 2, 10.5), (4, 8, 1)',
      'insert into payments values (1, 1, -10.50), (2, 2, -1), (3, 1, 3), (4, 2, 10.5)',
      'update orders set customer = 3 - customer where customer < 3',
      'delete from payments where id = 1',
      'delete from customers where id = 2',
      'delete from accounts',
    ],
  },
  {
    title: 'joins of every kind, with NULLs and duplicates',
    tables: [
      'create table t (a int, b int not null, s varchar(10), g varchar(10) collate utf8mb4_general_ci, key (b))',
      'create table u (a int, c int not null, s varchar(10), g varchar(10) collate utf8mb4_general_ci, unique key (c))',
      'create table w (a int, d bigint unsigned, e double, f decimal(10,2))',
    ],
    definitions: [
      'select t.a, u.c, u.s from t join u on t.a = u.a',
      'select t.a, t.b, u.a ua, u.c from t left join u on t.a = u.a and t.b > 1 and u.c < 5',
      'select t.a, u.c from t right join u on t.g = u.g and u.s > t.s',
      'select x.a, y.b from t x, t y where x.a = y.b and x.b <= y.a',
      'select x.b, y.c from t x cross join u y',
      'select a, x.a xa, y.a ya, c from t x right join u y using (a)',
      'select x.*, y.c from t x natural left join u y',
      'select x.a from (t x join u y on x.a = y.a) left join (u z join t w on z.c = w.b) on w.a = x.a',
      'select t.a, u.c, w.d from t, u, w where t.b = w.a and u.a = w.d and t.a <=> u.c',
      'select t.a, w.d, w.f from t join w on t.a = w.e and t.b = w.f',
      'select w.d, t.a from w left join t on t.a = w.d where t.a is null or w.e > 1',
      'select t.s, t.g, u.c from t left join u on t.s = u.s',
      'select d.a, d.n, u.c from (select a, count(*) n from t group by a) d join u on d.a = u.a where d.n > 1',
      'with big as (select a, max(c) m from u group by a) select t.b, big.m, b2.m m2 from t left join big on big.a = t.a left join big b2 on b2.m = t.b',
      "select count(*) n from t join u on t.a = u.a and t.b = 1 where u.s = 'a' or t.s = 'a'",
    ],
    changes: [
      "insert into t values (1, 2, 'a', 'A'), (2, 2, 'a ', 'b'), (null, 3, 'A', null), (1, 1, null, 'B '), (1, 1, null, 'B ')",
      "insert into u values (1, 1, 'a', 'a'), (1, 2, 'A', 'B'), (null, 3, 'b', 'b'), (2, 7, null, null)",
      'insert into w values (1, 1, 1, 1), (2, 2, 2.5, 2), (null, 18446744073709551615, 1, 2.0), (3, 1, null, null), (1, 1, 1, 1)',
      'update t set a = 2 where b = 1',
      'update u set c = c + 10, a = 2',
      "update t set g = 'b', s = 'b' where a is null",
      'delete from u where c > 12',
      'delete from t where a = 2',
      'delete from w',
      "insert into t values (1, 2, 'a', 'A'), (7, 7, 'a', 'a')",
      'delete from t',
    ],
  },
  {
    title: 'groups, DISTINCT, unions and HAVING',
    tables: [
      "create table t (id int primary key, a int, b int not null, s varchar(10), g varchar(10) collate utf8mb4_general_ci, d decimal(10,5), f double, e enum('x','y'), dt datetime(3), ts timestamp null, bu bigint unsigned, ti time(2), yr year, bt bit(5))",
      'create table u (a int, s varchar(10), d decimal(10,5), bu bigint unsigned)',
    ],
    definitions: [
      'select a, count(*), count(s), count(distinct s), count(distinct g), sum(d), avg(d), min(s), max(g), min(dt), max(ts), sum(bu), avg(bu), sum(f), avg(f), min(ti), max(yr), avg(yr) from t group by a',
      'select count(*), sum(a), avg(a), min(b), max(b), sum(distinct a), avg(distinct d), count(distinct a, s), count(distinct bt), count(distinct e), count(js) from (select *, null is null js from t) z',
      'select s, g, count(*) from t group by g, s',
      'select e, bt, count(*), max(f) from t group by e, bt',
      'select distinct a, g from t',
      'select distinct dt, ti, yr, bt, e, f from t where a is not null',
      'select a as x, sum(b) t from t group by a having x > 1 and t > 2',
      'select b as a, count(*) c from t group by b having a > 1',
      'select a from t having a > 1',
      'select count(*) n from t having n > 2',
      'select id, a, s, g, sum(b) from t group by id',
      'select a, s from t union all select a, s from u',
      'select a, s from t union select a, s from u',
      'select a x from t union all select a from u union select b from t union all select b from t',
      'select d, bu from t union all select d, bu from u',
      "select 'k' k, a, null n from t union all select 'l', null, a from u",
      'select a, count(*) c from (select a from t union all select a from u union all select b from t) z group by a having count(*) > 1',
      'select a, b, count(*) from t group by a, b having max(id) > 2 and a <=> null',
      'select max(c) m, min(c) from (select a, count(*) c from t group by a) z',
      'select a > 1 big, sum(b > 1) n from t group by a > 1',
    ],
    changes: [
      "insert into t values (1, 1, 2, 'a', 'A', 1.5, 1.5, 'x', '2024-01-01 00:00:00.5', '2024-01-01', 3, '10:00:00.25', 2000, 3), (2, 1, 2, 'a ', 'a', 2.25001, -1, 'y', null, null, 18446744073709551615, null, 1999, 3), (3, null, 3, null, null, null, null, null, '2023-01-01', '2022-01-01', null, '-1:00:00', null, null)",
      "insert into t values (4, 2, 1, 'b', 'B ', 0, 0.1, 'x', null, null, 7, null, 2000, 1), (5, 2, 1, 'A', 'b', 10, 0.2, 'x', null, null, 8, null, null, 0), (6, null, 9, 'q', 'Q', 3, 1e10, 'y', null, null, 8, null, null, 0)",
      "insert into u values (1, 'a', 1, 1), (1, 'a', 1, 1), (null, null, null, null), (9, 'zz', 5.00001, 9)",
      'update t set a = 2 where a = 1',
      'update t set g = upper(g), s = lower(s), d = d / 3',
      'delete from t where id in (2, 4)',
      'update t set a = null, b = b + 1, bu = 5',
      'delete from u where a = 1',
      'delete from t',
      'delete from u',
    ],
  },
  {
    title: 'EXISTS, IN and subqueries as values, with NULLs',
    tables: [
      'create table t (id int primary key, a int, b int not null, s varchar(10))',
      'create table u (a int, c int not null, s varchar(10), unique key (c))',
    ],
    definitions: [
      'select id from t where exists (select 1 from u where u.a = t.a)',
      'select id from t where not exists (select 1 from u where u.a = t.a and u.c > t.b)',
      'select id from t where a in (select a from u)',
      'select id from t where a not in (select a from u)',
      'select id from t where not (b in (select c from u where c > 1))',
      'select id from t where b not in (select c from u where u.s = t.s)',
      'select id from t where a not in (select a from u where u.s = t.s)',
      'select id from t where (a, b) in (select a, c from u)',
      'select id from t where a = any (select a from u) or b <> all (select c from u)',
      'select id, a in (select a from u) q, a not in (select c from u) r, exists (select 1 from u where u.a = t.a) x, not exists (select 1 from u where u.c = t.b) y, exists (select 1 from u) z from t',
      'select id, (select s from u where u.c = t.b) s from t',
      'select b, (select max(c) from u where u.a = t.b) m, count(*) from t group by b',
      'select id from t where (select count(*) from u where u.a = t.a) = 0 and b > (select min(c) from u)',
      'select id from t where exists (select 1 from u where u.a = t.a and exists (select 1 from t z where z.b = u.c))',
      'select id from t where a in (select a from u group by a having count(*) > 1)',
      'select id, (select count(*) from u where u.a <=> t.a) n from t',
      'select a, s from u where a in (select max(a) from t) union all select b, s from t where not exists (select 1 from u)',
    ],
    changes: [
      "insert into t values (1, 1, 1, 'a'), (2, 2, 2, 'b'), (3, null, 3, null), (4, 1, 7, 'A')",
      "insert into u values (1, 1, 'a'), (1, 2, 'b')",
      "insert into u values (null, 3, 'a')",
      'update u set a = 2 where c = 1',
      'delete from u where a is null',
      "update t set s = 'b'",
      'update t set a = b',
      'delete from u',
      "insert into u values (7, 7, 'b'), (8, 8, null)",
      'delete from t',
    ],
  },
];
