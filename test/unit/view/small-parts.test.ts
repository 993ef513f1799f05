import { expect } from 'chai';
import { composeTs, ts } from '../../../src/codec/tso.js';
import { EpochHistory } from '../../../src/view/epoch-history.js';
import { GcKeeper } from '../../../src/view/gc-keeper.js';
import { Liveness } from '../../../src/view/members.js';
import { quoteTable } from '../../../src/view/quote.js';
import { printName, printString } from '../../../src/sql/parse/print-text.js';
import { pinnedAssignments } from '../../../src/view/pinned-session.js';
import { orderedSql, summarySql } from '../../../src/view/row-digest.js';
import { isLike } from '../../../src/view/statements/like.js';
import { silent } from '../../../src/base/telemetry.js';
import type { GcBarrier } from '../../../src/tikv/pd/gc-barrier.js';
import { HistoryGoneError } from '../../../src/tikv/pd/gc-barrier.js';
import { failureOf } from '../../support/failure.js';
import { VirtualRuntime } from '../../support/virtual-runtime.js';

const at = (ms: number) => composeTs(BigInt(ms), 0n);

describe('LIKE of SHOW', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['orders', 'orders', true],
    ['Orders', 'oRDERS', true],
    ['orders', 'ord%', true],
    ['orders', '%', true],
    ['', '%', true],
    ['orders', 'o_ders', true],
    ['orders', 'o_', false],
    ['orders', 'rders', false],
    ['a_b', 'a\\_b', true],
    ['axb', 'a\\_b', false],
    ['a%b', 'a\\%b', true],
    ['a.b', 'a.b', true],
    ['axb', 'a.b', false],
    ['(x)[y]{z}^$|+*?/', '(x)[y]{z}^$|+*?/', true],
    ['a\\', 'a\\', true],
    ['two\nlines', 'two%lines', true],
    ['😀', '_', true],
  ];
  for (const [text, pattern, isMatch] of cases) {
    it(`${isMatch ? 'finds' : 'does not find'} ${JSON.stringify(text)} by ${JSON.stringify(pattern)}`, () => {
      expect(isLike(text, pattern)).to.equal(isMatch);
    });
  }
});

describe('quoting', () => {
  it('leaves no way out of a name or a text', () => {
    expect(printName('a`b')).to.equal('`a``b`');
    expect(printString("it's \\ here")).to.equal("'it''s \\\\ here'");
    expect(quoteTable('a.b', 'c')).to.equal('`a.b`.`c`');
  });

  it('sets the mode last, so that the other texts are read as they were written', () => {
    const pinned = {
      ...{ database: 'd', sqlMode: 'NO_BACKSLASH_ESCAPES', timeZone: '+00:00' },
      ...{ collation: 'utf8mb4_bin', divPrecisionIncrement: 4 },
    };
    expect(pinnedAssignments(pinned)).to.match(/, sql_mode = 'NO_BACKSLASH_ESCAPES'$/);
  });
});

describe('row digest', () => {
  it('keeps NULL apart from every text, and columns from each other', () => {
    const sql = summarySql('SELECT a, `b``c` FROM t', [
      { name: 'a', comparison: 'exact' },
      { name: 'b`c', comparison: 'exact' },
    ]);
    expect(sql).to.contain("IFNULL(HEX(CAST(`a` AS BINARY)), '~'), IFNULL(HEX(CAST(`b``c` AS BINARY)), '~')");
    expect(orderedSql('SELECT 1', [{ name: 'a', comparison: 'collated' }])).to.match(/ORDER BY row_digest$/);
  });
});

describe('epoch history', () => {
  it('forgets, oldest first and not too many at once, what nobody can read any more', () => {
    const history = new EpochHistory(1_000);
    for (let n = 1; n <= 70; n++) history.add(BigInt(n), at(n * 10));
    expect(history.takeForgettable(at(1_009))).to.deep.equal([]);
    expect(history.takeForgettable(at(1_020))).to.deep.equal([1n, 2n]);
    expect(history.takeForgettable(at(99_999))).to.have.length(64);
    expect(history.takeForgettable(at(99_999))).to.deep.equal([67n, 68n, 69n, 70n]);
    expect(history.takeForgettable(at(99_999))).to.deep.equal([]);
  });
});

describe('liveness', () => {
  it('takes an owner for dead when his sign has not changed for longer than patience lasts', async () => {
    const runtime = new VirtualRuntime();
    const liveness = new Liveness(runtime, 2_500);
    expect(liveness.isStale('1')).to.equal(false);
    await runtime.advance(2_500);
    expect(liveness.isStale('1')).to.equal(false);
    await runtime.advance(1);
    expect(liveness.isStale('1')).to.equal(true);
    expect(liveness.isStale('2')).to.equal(false);
    await runtime.advance(2_000);
    expect(liveness.isStale('2')).to.equal(false);
  });
});

/** A barrier that remembers what it was held at. */
function barrierOf(failures: readonly (Error | undefined)[] = []) {
  const held: bigint[] = [];
  const left = [...failures];
  const hold = (wanted: bigint): Promise<void> => {
    const failure = left.shift();
    if (failure !== undefined) return Promise.reject(failure);
    held.push(wanted);
    return Promise.resolve();
  };
  return { held, barrier: { hold } as unknown as GcBarrier };
}

describe('GC keeper', () => {
  const { signal } = new AbortController();

  it('holds the least of what is needed, now and again', async () => {
    const runtime = new VirtualRuntime();
    const { held, barrier } = barrierOf();
    const keeper = new GcKeeper(barrier, runtime, silent);
    let applied = ts(100n);
    await keeper.hold('group', () => applied, signal);
    await keeper.hold('build', () => ts(90n), signal);
    expect(held).to.deep.equal([100n, 90n]);
    const stop = new AbortController();
    const running = failureOf(keeper.run(stop.signal));
    applied = ts(200n);
    await runtime.advance(10_000);
    keeper.release('build');
    keeper.move('group', () => ts(300n));
    await runtime.advance(10_000);
    expect(held).to.deep.equal([100n, 90n, 90n, 300n]);
    stop.abort(new Error('enough'));
    expect((await running)?.message).to.equal('enough');
  });

  it('forgets a holder that could not be held', async () => {
    const { held, barrier } = barrierOf([new HistoryGoneError(ts(5n), 'late')]);
    const keeper = new GcKeeper(barrier, new VirtualRuntime(), silent);
    expect((await failureOf(keeper.hold('build', () => ts(5n), signal)))?.kind).to.equal('historyGone');
    await keeper.hold('group', () => ts(9n), signal);
    expect(held).to.deep.equal([9n]);
  });

  it('goes on when PD cannot be reached, and ends when history is lost', async () => {
    const runtime = new VirtualRuntime();
    const gone = new HistoryGoneError(ts(5n), 'lost');
    const { held, barrier } = barrierOf([undefined, new Error('no answer'), undefined, gone]);
    const keeper = new GcKeeper(barrier, runtime, silent);
    await keeper.hold('group', () => ts(9n), signal);
    const running = failureOf(keeper.run(signal));
    await runtime.advance(20_000);
    expect(held).to.deep.equal([9n, 9n]);
    await runtime.advance(10_000);
    expect(await running).to.equal(gone);
  });
});
