// A typical session with Drizzle: tables by its migrator, typed queries, prepared ones, relations, transactions.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, refusal, server, step, viewSteps } from './steps.mjs';

const { asc, count, eq, gt, relations, sql, sum } = load('drizzle-orm');
const { drizzle } = load('drizzle-orm/mysql2');
const { migrate } = load('drizzle-orm/mysql2/migrator');
const t = load('drizzle-orm/mysql-core');

const owners = t.mysqlTable('owners', {
  id: t.int().autoincrement().primaryKey(),
  name: t.varchar({ length: 60 }).notNull().unique(),
});
const accounts = t.mysqlTable('accounts', {
  id: t.bigint({ mode: 'bigint' }).autoincrement().primaryKey(),
  ownerId: t.int('owner_id').references(() => owners.id),
  amount: t.decimal({ precision: 20, scale: 4 }),
  big: t.bigint({ mode: 'bigint', unsigned: true }),
  day: t.date({ mode: 'string' }),
  at: t.datetime({ fsp: 6, mode: 'string' }),
  moment: t.timestamp({ fsp: 3 }),
  flag: t.boolean().default(false),
  ratio: t.double(),
  data: t.varbinary({ length: 20 }),
  doc: t.json(),
  kind: t.mysqlEnum(['a', 'b']).default('a'),
});
const ownersRelations = relations(owners, ({ many }) => ({ accounts: many(accounts) }));
const accountsRelations = relations(accounts, ({ one }) => ({
  owner: one(owners, { fields: [accounts.ownerId], references: [owners.id] }),
}));

const pool = load('mysql2/promise').createPool({
  ...server,
  connectionLimit: 4,
  supportBigNumbers: true,
  timezone: 'Z',
});
// Not `default`: a relational query is one with LATERAL then, which TiDB lacks.
const db = drizzle(pool, {
  schema: { owners, accounts, ownersRelations, accountsRelations },
  mode: 'planetscale',
});

/** What `drizzle-kit generate` writes: a journal and a file of statements. */
function migrations() {
  const folder = mkdtempSync(join(tmpdir(), 'tiview-drizzle-'));
  mkdirSync(join(folder, 'meta'));
  const entries = [{ idx: 0, version: '5', when: 1_700_000_000_000, tag: '0000_first', breakpoints: true }];
  writeFileSync(
    join(folder, 'meta/_journal.json'),
    JSON.stringify({ version: '7', dialect: 'mysql', entries }),
  );
  const statements = [
    'CREATE TABLE `owners` (`id` int AUTO_INCREMENT NOT NULL, `name` varchar(60) NOT NULL, CONSTRAINT `owners_id` PRIMARY KEY(`id`), CONSTRAINT `owners_name_unique` UNIQUE(`name`))',
    "CREATE TABLE `accounts` (`id` bigint AUTO_INCREMENT NOT NULL, `owner_id` int, `amount` decimal(20,4), `big` bigint unsigned, `day` date, `at` datetime(6), `moment` timestamp(3), `flag` boolean DEFAULT false, `ratio` double, `data` varbinary(20), `doc` json, `kind` enum('a','b') DEFAULT 'a', CONSTRAINT `accounts_id` PRIMARY KEY(`id`))",
    'ALTER TABLE `accounts` ADD CONSTRAINT `accounts_owner_id_owners_id_fk` FOREIGN KEY (`owner_id`) REFERENCES `owners`(`id`) ON DELETE no action ON UPDATE no action',
  ];
  writeFileSync(join(folder, '0000_first.sql'), statements.join(';--> statement-breakpoint\n'));
  return folder;
}

await step('schema', async () => {
  const migrationsFolder = migrations();
  await migrate(db, { migrationsFolder });
  // The second time there is nothing left to do.
  await migrate(db, { migrationsFolder });
  rmSync(migrationsFolder, { recursive: true });
});
await step(
  'insert',
  async () =>
    await db
      .insert(owners)
      .values([{ name: 'Ada' }, { name: "O'Brien \\ é😀" }])
      .$returningId(),
);
await step('insert types', async () =>
  db
    .insert(accounts)
    .values({
      ownerId: 1,
      amount: '1234567890123456.7891',
      big: 18446744073709551615n,
      day: '2024-02-29',
      at: '2024-02-29 12:34:56.789012',
      moment: new Date('2024-02-29T12:34:56.789Z'),
      flag: true,
      ratio: 0.1,
      data: Buffer.from('bytes'),
      doc: { k: [1, null, 'é'] },
      kind: 'b',
    })
    .then(([result]) => result),
);
await step(
  'insert NULL',
  async () => (await db.insert(accounts).values([{}, { ownerId: 2, amount: '2.5' }]))[0],
);
await step('select', () => db.select().from(accounts).orderBy(asc(accounts.id)));
await step('join', () =>
  db
    .select({ name: owners.name, n: count(), total: sum(accounts.amount) })
    .from(owners)
    .leftJoin(accounts, eq(accounts.ownerId, owners.id))
    .groupBy(owners.name)
    .orderBy(owners.name),
);
await step('relations', () =>
  db.query.owners.findMany({ with: { accounts: true }, orderBy: asc(owners.id) }),
);
await step('prepared', async () => {
  const prepared = db
    .select()
    .from(accounts)
    .where(gt(accounts.id, sql.placeholder('id')))
    .prepare();
  return [await prepared.execute({ id: 1 }), await prepared.execute({ id: 2 })];
});
await step(
  'update',
  async () => (await db.update(accounts).set({ flag: true }).where(eq(accounts.ownerId, 2)))[0],
);
await step(
  'upsert',
  async () =>
    (
      await db
        .insert(owners)
        .values({ id: 1, name: 'Ada L.' })
        .onDuplicateKeyUpdate({ set: { name: 'Ada L.' } })
    )[0],
);
await step('transaction: commit', () =>
  db.transaction(
    async (tx) => {
      await tx.insert(owners).values({ name: 'in transaction' });
      return tx.select({ n: count() }).from(owners);
    },
    { isolationLevel: 'read committed' },
  ),
);
await step('transaction: rollback', async () => {
  const said = await refusal(() =>
    db.transaction(async (tx) => {
      await tx.insert(owners).values({ name: 'undone' });
      tx.rollback();
    }),
  );
  return { said, left: await db.select().from(owners).where(eq(owners.name, 'undone')) };
});
await step('transaction: savepoint', async () => {
  await db.transaction(async (tx) => {
    await tx.insert(owners).values({ name: 'outer' });
    await refusal(() => tx.transaction((inner) => inner.insert(owners).values({ name: 'Ada L.' })));
  });
  return db.select().from(owners).orderBy(asc(owners.id));
});
await step('transaction: read only', () =>
  db.transaction((tx) => tx.select().from(owners).limit(1), { accessMode: 'read only' }),
);
await step('error: duplicate key', () => refusal(() => db.insert(owners).values({ name: 'Ada L.' })));
await step('error: foreign key', () => refusal(() => db.insert(accounts).values({ ownerId: 99 })));
await step('error: unknown table', () => refusal(() => db.execute(sql`SELECT * FROM nothing`)));
await step('many at once', () =>
  Promise.all(Array.from({ length: 12 }, (_, i) => db.execute(sql`SELECT ${i} AS n`).then(([rows]) => rows))),
);
await step('delete', async () => (await db.delete(accounts).where(eq(accounts.id, 2n)))[0]);
await viewSteps(async (text) => (await db.execute(sql.raw(text)))[0], 'accounts');
await step('end', () => pool.end());
