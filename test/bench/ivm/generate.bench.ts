/**
 * Makes a workload's input file, the same one every time.
 *
 *     node dist/test/bench/ivm/generate.bench.js <w1|w2|w3|w4> <scale> <file>
 *
 * The file, all numbers little endian: u32 magic, u32 workload, u32 sections; for each section u32 tag (0: load, else
 * the changes of an epoch), u32 epochs, and for each epoch u32 changes, u32 rows, u32 bytes, rows. A row is u8 table,
 * i8 weight, and columns by the table's schema: 'i' an i32, 's' a u8 length and ASCII. An update is one change and two
 * rows.
 */
import { writeFileSync } from 'node:fs';

type Row = readonly (number | string)[];

interface Table {
  readonly rows: number;
  readonly make: (id: number) => Row;
  readonly mutate: (row: Row) => Row;
}

interface Mix {
  readonly tables: readonly Table[];
  /** Changes of each table, in percent. */
  readonly tableShares: readonly number[];
  /** Insertions, updates and deletions, in percent. */
  readonly changeShares: readonly [number, number, number];
}

/** sfc32: numbers below a bound. */
function randomOf(seed: number): (bound: number) => number {
  let [a, b, c, d] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, seed >>> 0];
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  return (bound) => Math.floor((next() / 4294967296) * bound);
}

class Output {
  #bytes = Buffer.allocUnsafe(1 << 26);
  length = 0;

  word(value: number): void {
    this.#reserve(4);
    this.length = this.#bytes.writeUInt32LE(value, this.length);
  }

  setWord(at: number, value: number): void {
    this.#bytes.writeUInt32LE(value, at);
  }

  row(table: number, weight: number, row: Row): void {
    this.#reserve(1024);
    this.#bytes[this.length++] = table;
    this.length = this.#bytes.writeInt8(weight, this.length);
    for (const value of row) {
      if (typeof value === 'number') this.length = this.#bytes.writeInt32LE(value, this.length);
      else {
        this.#bytes[this.length++] = value.length;
        this.length += this.#bytes.write(value, this.length, 'latin1');
      }
    }
  }

  written(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  #reserve(bytes: number): void {
    if (this.length + bytes <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(this.#bytes.length * 2);
    this.#bytes.copy(grown, 0, 0, this.length);
    this.#bytes = grown;
  }
}

const random = randomOf(20240607);
const WORDS =
  'alpha bravo cargo delta ember fjord gamma haven ivory jazz karma lemon mango noble ocean pearl quartz river solar tiger ultra vivid wagon xenon yacht zebra'.split(
    ' ',
  );
const SEGMENTS = ['AUTOMOBILE', 'BUILDING', 'FURNITURE', 'HOUSEHOLD', 'MACHINERY'];

function title(words: number): string {
  return Array.from({ length: words }, () => WORDS[random(26)]!).join(' ');
}

/** Half uniform, half concentrated on small numbers. */
function skewed(bound: number): number {
  return random(2) ? random(bound) : Math.floor(bound * Math.pow(random(1 << 30) / (1 << 30), 4));
}

const [, , name, scaleText, path] = process.argv;
const scale = Number(scaleText);
const scaled = (rows: number): number => Math.max(1, Math.round(rows * scale));

// The order in which random numbers are drawn is part of the workload.
const MIXES: Readonly<Record<string, () => Mix>> = {
  w1: () => {
    const contents = scaled(100_000);
    return {
      tables: [
        {
          rows: contents,
          make: (id) => [id, `author_${random((contents / 10 + 1) | 0)}`, title(4)],
          mutate: (row) => [row[0]!, row[1]!, title(4)],
        },
        {
          rows: scaled(1_000_000),
          make: (id) => [id, skewed(contents), random(3) ? 1 : -1],
          mutate: (row) => [row[0]!, row[1]!, -Number(row[2])],
        },
        {
          rows: scaled(500_000),
          make: (id) => [id, skewed(contents)],
          mutate: (row) => [row[0]!, skewed(contents)],
        },
      ],
      tableShares: [5, 65, 30],
      changeShares: [70, 20, 10],
    };
  },
  w2: () => {
    const authors = scaled(100_000);
    return {
      tables: [
        {
          rows: authors,
          make: (id) => [id, `name_${title(2)}`],
          mutate: (row) => [row[0]!, `name_${title(2)}`],
        },
        {
          rows: scaled(1_000_000),
          make: (id) => [id, skewed(authors), title(3)],
          mutate: (row) => (random(2) ? [row[0]!, skewed(authors), row[2]!] : [row[0]!, row[1]!, title(3)]),
        },
      ],
      tableShares: [10, 90],
      changeShares: [70, 20, 10],
    };
  },
  w3: () => {
    const [customers, orders] = [scaled(100_000), scaled(500_000)];
    return {
      tables: [
        {
          rows: customers,
          make: (id) => [id, SEGMENTS[random(5)]!, `Customer#${id}`],
          mutate: (row) => [row[0]!, SEGMENTS[random(5)]!, row[2]!],
        },
        {
          rows: orders,
          make: (id) => [id, random(customers), 8000 + random(2400), random(5)],
          mutate: (row) => [row[0]!, row[1]!, 8000 + random(2400), row[3]!],
        },
        {
          rows: scaled(2_000_000),
          make: (id) => [random(orders), id, 1000 + random(100000), random(11), 8000 + random(2400)],
          mutate: (row) => [row[0]!, row[1]!, 1000 + random(100000), row[3]!, row[4]!],
        },
      ],
      tableShares: [5, 25, 70],
      changeShares: [70, 20, 10],
    };
  },
  w4: () => {
    const groups = scaled(10_000);
    return {
      tables: [
        {
          rows: scaled(1_000_000),
          make: (id) => [id, random(groups), random(1_000_000), random(200)],
          mutate: (row) => [row[0]!, row[1]!, random(1_000_000), random(200)],
        },
      ],
      tableShares: [100],
      changeShares: [40, 20, 40],
    };
  },
};

const { tables, tableShares, changeShares } = MIXES[name!]!();
const SECTIONS = [
  [0, 1],
  [1000, 200],
  [100, 500],
  [10000, 20],
] as const;
const out = new Output();
for (const word of [0x49564d31, Number(name![1]), SECTIONS.length]) out.word(word);
const live = tables.map((): Row[] => []);
const nextIds = tables.map(() => 0);

function insert(table: number): number {
  const row = tables[table]!.make(nextIds[table]!++);
  live[table]!.push(row);
  out.row(table, 1, row);
  return 1;
}

/** One change; the rows written. */
function change(): number {
  let share = random(100);
  let table = 0;
  while (share >= tableShares[table]!) share -= tableShares[table++]!;
  const rows = live[table]!;
  const kind = random(100);
  if (kind < changeShares[0] || rows.length < 2) return insert(table);
  const at = random(rows.length);
  const old = rows[at]!;
  out.row(table, -1, old);
  if (kind < changeShares[0] + changeShares[1]) {
    const row = tables[table]!.mutate(old);
    rows[at] = row;
    out.row(table, 1, row);
    return 2;
  }
  rows[at] = rows.at(-1)!;
  rows.pop();
  return 1;
}

for (const [tag, epochs] of SECTIONS) {
  out.word(tag);
  out.word(epochs);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const head = out.length;
    for (let word = 0; word < 3; word++) out.word(0);
    let [changes, rows] = [0, 0];
    if (tag === 0) {
      tables.forEach((table, number) => {
        for (let i = 0; i < table.rows; i++) rows += insert(number);
      });
      changes = rows;
    } else {
      for (; changes < tag; changes++) rows += change();
    }
    out.setWord(head, changes);
    out.setWord(head + 4, rows);
    out.setWord(head + 8, out.length - head - 12);
  }
}
writeFileSync(path!, out.written());
console.log(name, 'scale', scale, 'bytes', out.length, 'live', live.map((rows) => rows.length).join('/'));
