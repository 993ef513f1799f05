/** Random column types, over all that TiDB has, each with a way to make values of it as SQL literals. */
import type { Random } from '../../support/random.js';

/** `none`: never in an index; `prefix`: only with a prefix length; `whole`: only as a whole; `both`. */
export type Indexing = 'none' | 'prefix' | 'whole' | 'both';

const COLLATIONS = [
  'utf8mb4 collate utf8mb4_bin',
  'utf8mb4 collate utf8mb4_general_ci',
  'utf8mb4 collate utf8mb4_0900_bin',
  'utf8 collate utf8_bin',
  'utf8 collate utf8_general_ci',
  'latin1 collate latin1_bin',
  'ascii collate ascii_bin',
] as const;

const WORDS = [
  'a',
  'A',
  'b',
  'Z',
  'ä',
  'Ä',
  'ß',
  'é',
  'É',
  'ñ',
  '中',
  '文',
  'ø',
  'Ł',
  'ı',
  'ﬁ',
  'Ω',
  ' ',
  '  ',
  '\t',
  '0',
  '-',
  '\u0000',
  '\u00a0',
];
const ASCII_WORDS = ['a', 'A', 'b', 'B', 'z', ' ', '  ', '0', '_', '~', '\u0000', '\u007f'];

/** A type as SQL writes it. */
export interface TypeSpec {
  readonly sql: string;
  readonly indexing: Indexing;
  readonly literal: (random: Random) => string;
}

function quoted(text: string): string {
  return `x'${Buffer.from(text, 'utf8').toString('hex')}'`;
}

function textSpec(random: Random): TypeSpec {
  const collation = random.pick(COLLATIONS);
  const isAscii = collation.startsWith('ascii');
  const words = isAscii ? ASCII_WORDS : collation.startsWith('utf8mb4') ? [...WORDS, '😀', '𝄞'] : WORDS;
  const length = random.pick([1, 2, 5, 20, 60]);
  const kind = random.pick(['char', 'varchar', 'varchar', 'text', 'tinytext', 'mediumtext', 'longtext']);
  const isSized = kind.endsWith('char');
  const charset = collation.split(' ')[0] ?? '';
  return {
    sql: `${kind}${isSized ? `(${length})` : ''} character set ${collation}`,
    indexing: isSized ? 'both' : 'prefix',
    literal: (r) => {
      let text = '';
      const wanted = r.pick([0, 1, 2, length, length, length * 3]);
      while (Array.from(text).length < wanted) text += r.pick(words);
      const cut = Array.from(text)
        .slice(0, isSized ? length : 400)
        .join('');
      return `convert(${quoted(cut)} using ${charset})`;
    },
  };
}

function binarySpec(random: Random): TypeSpec {
  const length = random.pick([1, 3, 8, 9, 20]);
  const kind = random.pick(['binary', 'varbinary', 'blob', 'tinyblob', 'longblob']);
  const isSized = kind.endsWith('binary');
  return {
    sql: isSized ? `${kind}(${length})` : kind,
    indexing: isSized ? 'both' : 'prefix',
    literal: (r) => {
      const bytes = Array.from({ length: r.int(0, isSized ? length : 30) }, () =>
        r.pick([0, 0x20, 0x61, 0xff, r.int(0, 255)]),
      );
      return `x'${Buffer.from(bytes).toString('hex')}'`;
    },
  };
}

/** One of the integer types. */
export function integerSpec(random: Random): TypeSpec {
  const [kind, bits] = random.pick([
    ['tinyint', 8],
    ['smallint', 16],
    ['mediumint', 24],
    ['int', 32],
    ['bigint', 64],
    ['bigint', 64],
  ] as const);
  const isUnsigned = random.chance(0.4);
  const low = isUnsigned ? 0n : -(1n << BigInt(bits - 1));
  const high = isUnsigned ? (1n << BigInt(bits)) - 1n : (1n << BigInt(bits - 1)) - 1n;
  return {
    sql: `${kind}${isUnsigned ? ' unsigned' : ''}${isUnsigned && random.chance(0.2) ? ' zerofill' : ''}`,
    indexing: 'whole',
    literal: (r) => {
      const value = r.pick([
        low,
        high,
        0n,
        1n,
        127n,
        128n,
        255n,
        256n,
        low + 1n,
        BigInt.asIntN(bits, r.bits(r.int(1, bits))),
      ]);
      return String(value < low ? low : value > high ? high : value);
    },
  };
}

function decimalSpec(random: Random): TypeSpec {
  const [precision, scale] = random.pick([
    [10, 2],
    [5, 5],
    [1, 0],
    [9, 0],
    [18, 9],
    [20, 6],
    [30, 0],
    [65, 30],
    [65, 0],
    [30, 30],
    [12, 3],
  ] as const);
  return {
    sql: `decimal(${precision},${scale})${random.chance(0.15) ? ' unsigned' : ''}`,
    indexing: 'whole',
    literal: (r) => {
      const digits = (count: number): string =>
        Array.from({ length: count }, () => r.pick(['0', '9', String(r.int(0, 9))])).join('');
      const whole = digits(r.int(0, precision - scale));
      const fraction = digits(r.int(0, scale + 2));
      return `'${r.chance(0.4) ? '-' : ''}${whole === '' ? '0' : whole}${fraction === '' ? '' : `.${fraction}`}'`;
    },
  };
}

function floatSpec(random: Random): TypeSpec {
  const kind = random.pick(['float', 'double', 'float(10,3)', 'double(20,5)']);
  const values = [
    '0',
    '-0.0',
    '1.5',
    '-1.5',
    '0.1',
    '1e15',
    '1e14',
    '-1e-15',
    '1e-16',
    '3.4e38',
    '-1.2e-38',
    '16777217',
    '123456.789',
    '5e-5',
  ];
  const wide = [...values, '1e300', '-1.7976931348623157e308', '5e-324', '9007199254740993'];
  return {
    sql: kind,
    indexing: 'whole',
    literal: (r) =>
      r.chance(0.7)
        ? r.pick(kind === 'double' ? wide : values)
        : String((r.next() - 0.5) * 10 ** r.int(-10, 10)),
  };
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function fraction(random: Random, fsp: number): string {
  return fsp === 0 ? '' : `.${String(random.int(0, 10 ** fsp - 1)).padStart(fsp, '0')}`;
}

function timeSpec(random: Random): TypeSpec {
  const fsp = random.int(0, 6);
  const clock = (r: Random): string =>
    `${two(r.int(0, 23))}:${two(r.int(0, 59))}:${two(r.int(0, 59))}${fraction(r, fsp)}`;
  switch (random.pick(['date', 'datetime', 'timestamp', 'time', 'year'])) {
    case 'date':
      return {
        sql: 'date',
        indexing: 'whole',
        literal: (r) =>
          `'${r.pick(['0000-00-00', '9999-12-31', '2024-02-29', '2024-00-00', `${r.int(1000, 2200)}-${two(r.int(1, 12))}-${two(r.int(1, 28))}`])}'`,
      };
    case 'datetime':
      return {
        sql: `datetime(${fsp})`,
        indexing: 'whole',
        literal: (r) =>
          `'${r.pick(['0000-00-00 00:00:00', '0001-01-01 00:00:00', `9999-12-31 23:59:59${fraction(r, fsp)}`, `${r.int(1000, 2200)}-${two(r.int(1, 12))}-${two(r.int(1, 28))} ${clock(r)}`])}'`,
      };
    case 'timestamp':
      return {
        sql: `timestamp(${fsp})`,
        indexing: 'whole',
        literal: (r) =>
          `'${r.pick(['1970-01-01 00:00:01', '2038-01-19 03:14:07', `${r.int(1971, 2037)}-${two(r.int(1, 12))}-${two(r.int(1, 28))} ${clock(r)}`])}'`,
      };
    case 'time':
      return {
        sql: `time(${fsp})`,
        indexing: 'whole',
        literal: (r) =>
          `'${r.pick(['838:59:59', '-838:59:59', '00:00:00', `${r.chance(0.5) ? '-' : ''}${r.int(0, 837)}:${two(r.int(0, 59))}:${two(r.int(0, 59))}${fraction(r, fsp)}`])}'`,
      };
    default:
      return {
        sql: 'year',
        indexing: 'whole',
        literal: (r) => String(r.pick([0, 1901, 2155, 2024, r.int(1901, 2155)])),
      };
  }
}

function memberSpec(random: Random): TypeSpec {
  const members = random.sample(['a', 'B', 'c d', 'é', '中', 'x', 'y', 'zz'], random.int(1, 6));
  const list = members.map((member) => `'${member}'`).join(',');
  const collation = random.pick(COLLATIONS.slice(0, 2));
  if (random.chance(0.5)) {
    return {
      sql: `enum(${list}) character set ${collation}`,
      indexing: 'whole',
      literal: (r) => (r.chance(0.1) ? "''" : String(r.int(1, members.length))),
    };
  }
  return {
    sql: `set(${list}) character set ${collation}`,
    indexing: 'whole',
    literal: (r) => String(r.int(0, 2 ** members.length - 1)),
  };
}

function jsonLiteral(random: Random, depth: number): unknown {
  const scalars = [
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e100,
    -0.5,
    12345678901,
    '',
    'text "quoted" \\ \n\t\u2028',
    'é中😀',
  ];
  if (depth === 0 || random.chance(0.5)) return random.pick(scalars);
  const children = Array.from({ length: random.int(0, 4) }, () => jsonLiteral(random, depth - 1));
  if (random.chance(0.5)) return children;
  return Object.fromEntries(
    children.map((child, i) => [random.pick(['k', 'key', 'ß', '']) + String(i), child]),
  );
}

function otherSpec(random: Random): TypeSpec {
  const bits = random.pick([1, 7, 8, 9, 33, 64]);
  return random.pick<TypeSpec>([
    {
      sql: `bit(${bits})`,
      indexing: 'whole',
      literal: (r) => String(r.pick([0n, (1n << BigInt(bits)) - 1n, r.bits(bits)])),
    },
    { sql: 'json', indexing: 'none', literal: (r) => quotedJson(jsonLiteral(r, 3)) },
    {
      sql: 'vector',
      indexing: 'none',
      literal: (r) =>
        `'[${Array.from({ length: r.int(1, 4) }, () => r.pick(['0', '1.5', '-3e10', '0.1', '1e-30'])).join(',')}]'`,
    },
  ]);
}

function quotedJson(value: unknown): string {
  return `cast(convert(${quoted(JSON.stringify(value))} using utf8mb4) as json)`;
}

/** Any type. */
export function randomType(random: Random): TypeSpec {
  const makers = [
    textSpec,
    textSpec,
    textSpec,
    binarySpec,
    integerSpec,
    integerSpec,
    decimalSpec,
    floatSpec,
    timeSpec,
    timeSpec,
    memberSpec,
    otherSpec,
  ];
  return random.pick(makers)(random);
}
