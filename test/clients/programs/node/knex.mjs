// A typical session with Knex: its schema builder, its queries, its transactions, its pool.
import { load, refusal, server, step, viewSteps } from './steps.mjs';

const knex = load('knex')({
  client: 'mysql2',
  connection: { ...server, timezone: 'Z', supportBigNumbers: true },
  pool: { min: 0, max: 4 },
});
const query = async (sql) => (await knex.raw(sql))[0];

await step('schema', async () => {
  await knex.schema.createTable('owners', (table) => {
    table.increments('id');
    table.string('name', 60).notNullable().unique();
  });
  await knex.schema.createTable('accounts', (table) => {
    table.bigIncrements('id');
    table.integer('owner_id').unsigned().references('id').inTable('owners');
    table.decimal('amount', 18, 4);
    table.bigInteger('big');
    table.date('day');
    table.datetime('at', { precision: 6 });
    table.boolean('flag').defaultTo(false);
    table.binary('data');
    table.json('doc');
    table.text('note');
    table.index(['owner_id', 'day'], 'by_owner');
  });
});
await step('has table', async () => [
  await knex.schema.hasTable('accounts'),
  await knex.schema.hasTable('nothing'),
]);
await step('column info', () => knex('accounts').columnInfo());
await step('insert', () => knex('owners').insert([{ name: 'Ada' }, { name: 'Brian' }]));
await step('insert types', () =>
  knex('accounts').insert({
    owner_id: 1,
    amount: '99999999999999.9999',
    big: '9223372036854775807',
    day: '2024-02-29',
    at: new Date('2024-02-29T12:34:56.789Z'),
    flag: true,
    data: Buffer.from([0, 1, 255]),
    doc: JSON.stringify({ k: [1, null, 'é'] }),
    note: 'it\'s \\ "quoted" 😀',
  }),
);
await step('insert NULL', () => knex('accounts').insert([{ owner_id: 2 }, { owner_id: 2, amount: '1.5' }]));
await step('select', () => knex('accounts').orderBy('id'));
await step('join', () =>
  knex('accounts as a')
    .join('owners as o', 'o.id', 'a.owner_id')
    .groupBy('o.name')
    .orderBy('o.name')
    .select('o.name')
    .count('* as n')
    .sum('a.amount as total'),
);
await step('first', () => knex('owners').where({ name: 'nobody' }).first());
await step('update', () =>
  knex('accounts')
    .where('owner_id', 2)
    .update({ flag: true, amount: knex.raw('coalesce(amount, 0) + 1') }),
);
await step('upsert', () => knex('owners').insert({ id: 1, name: 'Ada L.' }).onConflict('id').merge());
await step('delete', () => knex('accounts').where('amount', '<', 2).del());
await step('transaction: commit', () =>
  knex.transaction(async (trx) => {
    await trx('owners').insert({ name: 'in transaction' });
    return trx('owners').count('* as n');
  }),
);
await step('transaction: rollback', async () => {
  const said = await refusal(() =>
    knex.transaction(async (trx) => {
      await trx('owners').insert({ name: 'undone' });
      throw new Error('undo');
    }),
  );
  return { said, left: await knex('owners').where('name', 'undone') };
});
await step('transaction: savepoint', async () => {
  await knex.transaction(async (trx) => {
    await trx('owners').insert({ name: 'outer' });
    await refusal(() => trx.transaction(async (inner) => inner('owners').insert({ name: 'Brian' })));
  });
  return knex('owners').orderBy('id');
});
await step('error: duplicate key', () => refusal(() => knex('owners').insert({ name: 'Brian' })));
await step('error: foreign key', () => refusal(() => knex('accounts').insert({ owner_id: 99 })));
await step('error: unknown column', () => refusal(() => knex('owners').select('nothing')));
await step('many at once', () =>
  Promise.all(
    Array.from({ length: 12 }, (_, i) => knex.raw('SELECT ? + 1 AS n', [i]).then(([rows]) => rows)),
  ),
);
await step('alter', async () => {
  await knex.schema.alterTable('owners', (table) => {
    table.string('town', 20).defaultTo('?');
    table.dropUnique(['name']);
  });
  return knex('owners').where('id', 1);
});
await viewSteps(query, 'accounts');
await step('drop', () => knex.schema.dropTable('accounts'));
await step('end', () => knex.destroy());
