// A typical session with Sequelize: models, sync, associations, transactions, queries of its own.
import { load, refusal, server, step, viewSteps } from './steps.mjs';

const { DataTypes, Op, QueryTypes, Sequelize, Transaction } = load('sequelize');
const { host, port, user, password, database } = server;
const sequelize = new Sequelize(database, user, password, {
  host,
  port,
  dialect: 'mysql',
  logging: false,
  pool: { max: 4 },
  dialectOptions: { supportBigNumbers: true },
});
const query = (sql) => sequelize.query(sql, sql.startsWith('SELECT') ? { type: QueryTypes.SELECT } : {});
const plain = (rows) => rows.map((row) => row.get({ plain: true }));

const Author = sequelize.define(
  'author',
  { name: { type: DataTypes.STRING(60), unique: true, allowNull: false } },
  { timestamps: false },
);
const Book = sequelize.define(
  'book',
  {
    id: { type: DataTypes.BIGINT, autoIncrement: true, primaryKey: true },
    title: DataTypes.STRING,
    amount: DataTypes.DECIMAL(20, 4),
    big: DataTypes.BIGINT.UNSIGNED,
    day: DataTypes.DATEONLY,
    at: DataTypes.DATE(6),
    flag: { type: DataTypes.BOOLEAN, defaultValue: false },
    ratio: DataTypes.DOUBLE,
    data: DataTypes.BLOB,
    doc: DataTypes.JSON,
    kind: DataTypes.ENUM('prose', 'verse'),
    uuid: DataTypes.UUID,
  },
  { timestamps: false, indexes: [{ fields: ['day', 'kind'] }] },
);
Author.hasMany(Book);
Book.belongsTo(Author);

await step('authenticate', () => sequelize.authenticate());
await step('version', () => sequelize.databaseVersion());
await step('schema', async () => (await sequelize.sync({ force: true })).config.database);
await step('describe', () => sequelize.getQueryInterface().describeTable('books'));
await step('indexes', () => sequelize.getQueryInterface().showIndex('books'));
await step('insert', async () =>
  plain(await Author.bulkCreate([{ name: 'Ada' }, { name: "O'Brien \\ é😀" }])),
);
await step('insert types', async () => {
  const [author] = await Author.findAll({ order: ['id'] });
  const book = await author.createBook({
    title: 'all',
    amount: '1234567890123456.7891',
    big: '18446744073709551615',
    day: '2024-02-29',
    at: new Date('2024-02-29T12:34:56.789Z'),
    flag: true,
    ratio: 0.1,
    data: Buffer.from([0, 255, 39]),
    doc: { k: [1, null, 'é'] },
    kind: 'verse',
    uuid: '00000000-0000-4000-8000-000000000001',
  });
  return book.get({ plain: true });
});
await step('insert NULL', async () =>
  plain(await Book.bulkCreate([{ title: null }, { title: 'x', amount: '2.5' }])),
);
await step('select', async () => plain(await Book.findAll({ order: ['id'] })));
await step('include', async () => plain(await Author.findAll({ include: Book, order: ['id'] })));
await step('count', () =>
  Book.findAndCountAll({ where: { amount: { [Op.gt]: 1 } }, raw: true, order: ['id'] }),
);
await step('update', () => Book.update({ flag: true }, { where: { title: 'x' } }));
await step('increment', async () => {
  await Book.increment({ amount: 1 }, { where: { title: 'x' } });
  return plain(await Book.findAll({ where: { title: 'x' } }));
});
await step('upsert', async () => (await Author.upsert({ id: 1, name: 'Ada L.' }))[0].get({ plain: true }));
await step('find or create', async () => {
  const [author, created] = await Author.findOrCreate({ where: { name: 'found' } });
  return [author.get({ plain: true }), created];
});
await step('bound', () =>
  sequelize.query('SELECT $1 AS a, $2 AS b, title FROM books WHERE id = $3', {
    bind: ['text', 5, 1],
    type: QueryTypes.SELECT,
  }),
);
await step('transaction: commit', () =>
  sequelize.transaction(
    { isolationLevel: Transaction.ISOLATION_LEVELS.READ_COMMITTED },
    async (transaction) => {
      await Author.create({ name: 'in transaction' }, { transaction });
      return Author.count({ transaction });
    },
  ),
);
await step('transaction: rollback', async () => {
  const said = await refusal(() =>
    sequelize.transaction(async (transaction) => {
      await Author.create({ name: 'undone' }, { transaction });
      await Author.create({ name: 'undone' }, { transaction });
    }),
  );
  return { said, left: await Author.count({ where: { name: 'undone' } }) };
});
await step('error: duplicate key', () => refusal(() => Author.create({ name: 'found' })));
await step('error: foreign key', () => refusal(() => Book.create({ authorId: 99 })));
await step('error: unknown table', () => refusal(() => query('SELECT * FROM nothing')));
await step('many at once', () =>
  Promise.all(Array.from({ length: 12 }, (_, i) => query(`SELECT ${i} AS n`))),
);
await step('delete', () => Book.destroy({ where: { title: null } }));
await viewSteps(query, 'books');
await step('drop', async () => (await sequelize.drop()) ?? null);
await step('end', () => sequelize.close());
