/**
 * The loads that issue 4 names, written by eight connections past TiView: TiFlink's authors and posts, the creator
 * centre, a bank, orders and payments. Each keeps promises that no view may break at any read: money is neither made
 * nor lost, nobody has paid more than he has ordered.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from './random.js';
import { SqlClient, isServerError } from './sql-client.js';

/** Sizes at the start. */
export interface ScenarioSizes {
  readonly authors: number;
  readonly contents: number;
  readonly events: number;
  readonly accounts: number;
}

/** What every account has at the start. */
export const FIRST_BALANCE = 1000;

/** DDL. */
export const SCENARIO_TABLES: readonly string[] = [
  'create table authors (id bigint primary key, name varchar(20) not null)',
  'create table posts (id bigint primary key auto_increment, author bigint, title varchar(30))',
  'create table contents (id bigint primary key, author_id bigint not null, title varchar(50))',
  'create table votes (id bigint primary key auto_increment, content_id bigint not null, value tinyint not null, note int, key (content_id))',
  'create table comments (id bigint primary key auto_increment, content_id bigint not null, is_deleted tinyint not null)',
  'create table reactions (content_id bigint not null, user_id bigint not null, kind tinyint not null, primary key (content_id, user_id, kind))',
  'create table accounts (id bigint primary key, owner varchar(20) not null, balance bigint not null)',
  'create table orders (id bigint primary key, customer int not null, amount decimal(10,2) not null)',
  'create table payments (id bigint primary key, customer int not null, amount decimal(10,2) not null)',
];

/** Views over them: name → select. */
export const SCENARIO_VIEWS: Readonly<Record<string, string>> = {
  author_posts:
    'select id, name, (select count(*) from posts where posts.author = authors.id) as posts from authors',
  posts_of: 'select author, count(*) as n from posts group by author',
  centre: `select c.id, c.title, e.votes, e.score, e.comments, e.likes from contents c left join (
      select content_id, count(vote) votes, sum(vote) score, count(cm) comments, count(lk) likes from (
        select content_id, value as vote, null as cm, null as lk from votes
        union all select content_id, null, 1, null from comments where is_deleted = 0
        union all select content_id, null, null, 1 from reactions where kind = 1) events
      group by content_id) e on e.content_id = c.id`,
  bank: 'select count(*) as n, sum(balance) as total from accounts',
  owners:
    'select owner, count(*) as n, sum(balance) as total, min(balance) lo, max(balance) hi from accounts group by owner',
  due: `select o.customer, o.total - ifnull(p.total, 0) as due from
      (select customer, sum(amount) total from orders group by customer) o left join
      (select customer, sum(amount) total from payments group by customer) p on p.customer = o.customer`,
};

/** Fills the tables. */
export async function fillScenarios(session: SqlClient, sizes: ScenarioSizes): Promise<void> {
  const chunks = async (table: string, count: number, row: (i: number) => string): Promise<void> => {
    for (let from = 0; from < count; from += 2000) {
      const rows = Array.from({ length: Math.min(2000, count - from) }, (_, i) => row(from + i));
      await session.run(`insert into ${table} values ${rows.join(',')}`);
    }
  };
  const { authors, contents, events, accounts } = sizes;
  await chunks('authors', authors, (i) => `(${i}, 'author ${i}')`);
  await chunks('posts (author, title)', authors * 3, (i) => `(${(i * 7) % authors}, 'post ${i}')`);
  await chunks('contents', contents, (i) => `(${i}, ${i % 100}, 'content ${i}')`);
  await chunks(
    'votes (content_id, value, note)',
    events / 2,
    (i) => `(${(i * 31) % contents}, ${(i % 3) - 1}, 0)`,
  );
  await chunks(
    'comments (content_id, is_deleted)',
    events / 4,
    (i) => `(${(i * 17) % contents}, ${i % 5 === 0 ? 1 : 0})`,
  );
  await chunks('reactions', events / 4, (i) => `(${i % contents}, ${Math.floor(i / contents)}, ${i % 2})`);
  await chunks('accounts', accounts, (i) => `(${i}, 'owner ${i % 50}', ${FIRST_BALANCE})`);
}

type Load = (session: SqlClient, random: Random, sizes: ScenarioSizes, begin: string) => Promise<void>;

const transfer: Load = async (session, random, { accounts }, begin) => {
  const [from, to, amount] = [random.int(0, accounts - 1), random.int(0, accounts - 1), random.int(1, 50)];
  await session.run(begin);
  await session.run(`update accounts set balance = balance - ${amount} where id = ${from}`);
  await session.run(`update accounts set balance = balance + ${amount} where id = ${to}`);
  await session.run(random.chance(0.1) ? 'rollback' : 'commit');
};

const post: Load = async (session, random, { authors }) => {
  const author = random.int(0, authors + 5);
  const first = random.int(1, authors * 3);
  const statements = [
    `insert into posts (author, title) values (${author}, 'new')`,
    `update posts set author = ${author} where id between ${first} and ${first + 1}`,
    `delete from posts where author = ${author} limit 2`,
    `replace into authors values (${author}, 'name ${random.int(0, 9)}')`,
  ];
  await session.run(random.pick(statements));
};

const vote: Load = async (session, random, { contents }) => {
  const content = random.int(0, contents - 1);
  const value = random.int(-1, 1);
  switch (random.int(0, 6)) {
    case 0:
      await session.run(`update votes set value = ${value} where content_id = ${content}`);
      break;
    case 1:
      await session.run(`delete from votes where content_id = ${content} limit 3`);
      break;
    case 2:
      await session.run(
        `update comments set is_deleted = 1 - is_deleted where id between ${content} and ${content + 20}`,
      );
      break;
    case 3:
      await session.run(
        `replace into reactions values (${content}, ${random.int(0, 9)}, 1), (${content}, 77, 0)`,
      );
      break;
    case 4:
      await session.run(`update votes set note = note + 1 where id between ${content} and ${content + 50}`);
      break;
    case 5:
      await session.run(`update contents set title = 'title ${random.int(0, 99)}' where id = ${content}`);
      break;
    default: {
      const rows = Array.from(
        { length: random.int(1, 200) },
        () => `(${random.int(0, contents - 1)}, ${value}, 0)`,
      );
      await session.run(`insert into votes (content_id, value, note) values ${rows.join(',')}`);
    }
  }
};

/** An order and a payment of at most as much, made, changed and taken back together. */
const order: Load = async (session, random) => {
  const id = random.int(1, 500);
  const customer = id % 40;
  const amount = random.int(100, 9999) / 100;
  await session.run('begin');
  await session.run(`delete from payments where id = ${id}`);
  if (random.chance(0.2)) await session.run(`delete from orders where id = ${id}`);
  else {
    await session.run(`replace into orders values (${id}, ${customer}, ${amount})`);
    if (random.chance(0.7))
      await session.run(`insert into payments values (${id}, ${customer}, ${amount / 2})`);
  }
  await session.run(random.chance(0.1) ? 'rollback' : 'commit');
};

const LOADS = { transfer, post, vote, order } as const;

/** A load that a connection writes. */
export type LoadName = keyof typeof LOADS;

const ALL_LOADS: readonly LoadName[] = [
  ...(['transfer', 'post', 'vote', 'order'] as const),
  ...(['transfer', 'vote', 'post', 'order'] as const),
];

/** TiDB's errors that concurrent transactions meet. */
const EXPECTED_ERRNOS = new Set([1062, 1205, 1213, 8002, 8022, 8028, 9007]);

/** Eight connections at work. */
export class ScenarioWriters implements AsyncDisposable {
  readonly #stopped = new AbortController();
  readonly #work: Promise<void>[];
  #transactions = 0;
  #failed: unknown;

  /** Begins at once. */
  constructor(
    options: {
      readonly port: number;
      readonly database: string;
      readonly seed: number;
      readonly pauseMs: number;
      /** What each connection writes. */
      readonly loads?: readonly LoadName[];
      /** How transfers begin. */
      readonly begins?: readonly string[];
    },
    sizes: ScenarioSizes,
  ) {
    const { loads = ALL_LOADS, begins = ['begin pessimistic', 'begin optimistic'] } = options;
    this.#work = loads.map(async (load, index) => {
      const random = new Random(options.seed * 17 + index);
      await using session = await SqlClient.open(options);
      while (!this.#stopped.signal.aborted) {
        try {
          await LOADS[load](session, random, sizes, random.pick(begins));
        } catch (error) {
          if (!isServerError(error) || !EXPECTED_ERRNOS.has(error.errno)) throw error;
          await session.run('rollback');
        }
        this.#transactions++;
        await sleep(random.int(0, options.pauseMs));
      }
    });
    for (const one of this.#work) one.catch((error: unknown) => (this.#failed ??= error));
  }

  /** Transactions so far. */
  get transactions(): number {
    return this.#transactions;
  }

  /** Ends after the transactions under way. @throws what no writer should have met. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.allSettled(this.#work);
    if (this.#failed !== undefined) throw this.#failed as Error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
