// A typical session with TypeORM: entity schemas, synchronize, repositories, transactions, query builder, query runner.
import { load, refusal, server, step, viewSteps } from './steps.mjs';

const { DataSource, EntitySchema } = load('typeorm');
const Owner = new EntitySchema({
  name: 'Owner',
  columns: {
    id: { type: 'int', primary: true, generated: true },
    name: { type: 'varchar', length: 60, unique: true },
  },
  relations: { accounts: { type: 'one-to-many', target: 'Account', inverseSide: 'owner' } },
});
const Account = new EntitySchema({
  name: 'Account',
  columns: {
    id: { type: 'bigint', primary: true, generated: true },
    amount: { type: 'decimal', precision: 20, scale: 4, nullable: true },
    big: { type: 'bigint', unsigned: true, nullable: true },
    day: { type: 'date', nullable: true },
    at: { type: 'datetime', precision: 6, nullable: true },
    flag: { type: 'boolean', default: false },
    ratio: { type: 'double', nullable: true },
    data: { type: 'blob', nullable: true },
    doc: { type: 'json', nullable: true },
    kind: { type: 'enum', enum: ['a', 'b'], default: 'a' },
    list: { type: 'simple-array', nullable: true },
    version: { type: 'int', version: true },
  },
  relations: { owner: { type: 'many-to-one', target: 'Owner', inverseSide: 'accounts', nullable: true } },
  indices: [{ name: 'by_day', columns: ['day', 'kind'] }],
});
const { user, ...address } = server;
const source = new DataSource({
  type: 'mysql',
  ...address,
  username: user,
  timezone: 'Z',
  supportBigNumbers: true,
  entities: [Owner, Account],
  poolSize: 4,
});
const owners = source.getRepository(Owner);
const accounts = source.getRepository(Account);

await step('connect', async () => (await source.initialize()).driver.version);
await step('schema', () => source.synchronize());
// Once more: now it reads what is there, and must find nothing to change.
await step('schema log', async () =>
  (await source.driver.createSchemaBuilder().log()).upQueries.map(({ query }) => query),
);
await step('table', async () => {
  const runner = source.createQueryRunner();
  const { columns, indices, foreignKeys, uniques } = await runner.getTable('account');
  await runner.release();
  return {
    columns,
    indices,
    foreignKeys: foreignKeys.map(({ columnNames, referencedTableName }) => [
      columnNames,
      referencedTableName,
    ]),
    uniques,
  };
});
await step('insert', () => owners.save([{ name: 'Ada' }, { name: "O'Brien \\ é😀" }]));
await step('insert types', () =>
  accounts.save({
    owner: { id: 1 },
    amount: '1234567890123456.7891',
    big: '18446744073709551615',
    day: '2024-02-29',
    at: new Date('2024-02-29T12:34:56.789Z'),
    flag: true,
    ratio: 0.1,
    data: Buffer.from([0, 255, 39]),
    doc: { k: [1, null, 'é'] },
    kind: 'b',
    list: ['x', 'y'],
  }),
);
await step('insert NULL', () => accounts.save([{}, { owner: { id: 2 }, amount: '2.5' }]));
await step('select', () => accounts.find({ order: { id: 'ASC' } }));
await step('relations', () => owners.find({ relations: { accounts: true }, order: { id: 'ASC' } }));
await step('builder', () =>
  accounts
    .createQueryBuilder('a')
    .leftJoin('a.owner', 'o')
    .select('o.name', 'name')
    .addSelect('COUNT(*)', 'n')
    .addSelect('SUM(a.amount)', 'total')
    .where('a.id > :id', { id: 0 })
    .groupBy('o.name')
    .orderBy('o.name')
    .getRawMany(),
);
await step('update', () => accounts.update({ id: '3' }, { flag: true }));
await step('version', async () => {
  const account = await accounts.findOneByOrFail({ id: '3' });
  account.ratio = 2.5;
  return accounts.save(account);
});
await step('upsert', () => owners.upsert({ id: 1, name: 'Ada L.' }, ['id']));
await step('transaction: serializable', () =>
  refusal(() =>
    source.transaction('SERIALIZABLE', (manager) => manager.save(Owner, { name: 'serializable' })),
  ),
);
await step('transaction: commit', () =>
  source.transaction('REPEATABLE READ', async (manager) => {
    await manager.save(Owner, { name: 'in transaction' });
    return manager.count(Owner);
  }),
);
await step('transaction: rollback', async () => {
  const said = await refusal(() =>
    source.transaction(async (manager) => {
      await manager.insert(Owner, { name: 'undone' });
      await manager.insert(Owner, { name: 'undone' });
    }),
  );
  return { said, left: await owners.countBy({ name: 'undone' }) };
});
await step('transaction: lock', () =>
  source.transaction((manager) =>
    manager.findOne(Owner, { where: { id: 1 }, lock: { mode: 'pessimistic_write' } }),
  ),
);
await step('error: duplicate key', () => refusal(() => owners.insert({ name: 'Ada L.' })));
await step('error: foreign key', () => refusal(() => accounts.insert({ owner: { id: 99 } })));
await step('error: unknown table', () => refusal(() => source.query('SELECT * FROM nothing')));
await step('many at once', () =>
  Promise.all(Array.from({ length: 12 }, (_, i) => source.query('SELECT ? AS n', [i]))),
);
await step('delete', () => accounts.delete({ id: '2' }));
await viewSteps((sql) => source.query(sql), 'account');
await step('drop', () => source.dropDatabase());
await step('end', () => source.destroy());
