// Log files that are written on demand: never waited for, reopened, and no reason to end when they cannot be written.
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { limits } from '../../../src/base/limits.js';
import { systemRuntime } from '../../../src/base/system-runtime.js';
import { type Telemetry, silent } from '../../../src/base/telemetry.js';
import { RecordFile } from '../../../src/observe/record-file.js';

type Line = Record<string, unknown>;

describe('a record file', () => {
  const crashes: unknown[] = [];
  const runtime = systemRuntime((_task, error) => crashes.push(error));
  let folder: string;
  let path: string;
  let lost = 0;
  let said: string[] = [];
  const telemetry: Telemetry = {
    log: {
      ...silent.log,
      error: (message) => said.push(message),
      info: (message) => said.push(message),
    },
    metrics: {
      ...silent.metrics,
      count: (name, by = 1, labels) => {
        expect([name, labels]).to.deep.equal(['tiview_log_records_lost_total', { log: 'slow' }]);
        lost += by;
      },
    },
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tiview-records-'));
    path = join(folder, 'slow.log');
    lost = 0;
    said = [];
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    expect(crashes).to.deep.equal([]);
  });

  const open = (): Promise<RecordFile> => RecordFile.open({ path, name: 'slow', runtime, telemetry });
  const lines = (file = path): Line[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  it('holds each record as a line with its time, appends, and is its owner’s alone', async () => {
    for (const n of [1, 2]) {
      await using file = await open();
      file.write({ n, text: 'a\nb', none: undefined });
    }
    expect(lines().map(({ n, text }) => [n, text])).to.deep.equal([
      [1, 'a\nb'],
      [2, 'a\nb'],
    ]);
    expect(lines()[0]?.['time']).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
  });

  it('goes on in a new file when it is told that the old one was renamed', async () => {
    const file = await open();
    file.write({ n: 1 });
    await until(() => lines().length === 1);
    renameSync(path, `${path}.1`);
    file.write({ n: 2 });
    await until(() => lines(`${path}.1`).length === 2);
    file.reopen();
    await until(() => statSync(path, { throwIfNoEntry: false }) !== undefined);
    file.write({ n: 3 });
    await file[Symbol.asyncDispose]();
    expect(lines().map(({ n }) => n)).to.deep.equal([3]);
    expect(lines(`${path}.1`).map(({ n }) => n)).to.deep.equal([1, 2]);
  });

  it('drops what does not fit, never waits, and says how much it was', async () => {
    const file = await open();
    const text = 'x'.repeat(1000);
    const count = 2 * Math.ceil(limits.recordQueueLength / 1000);
    for (let n = 0; n < count; n++) file.write({ n, text });
    expect(lost).to.be.greaterThan(count / 3);
    await until(() => statSync(path).size > limits.recordQueueLength / 2);
    file.write({ n: 'last' });
    await file[Symbol.asyncDispose]();
    const all = lines();
    const records = all
      .filter(({ event }) => event === 'lost')
      .reduce((sum, line) => sum + Number(line['records']), 0);
    expect(records).to.equal(lost);
    expect(all.filter(({ text: any }) => any !== undefined).length + lost).to.equal(count);
    expect(all.at(-1)?.['n']).to.equal('last');
  });

  it('bears a file that cannot be written, and writes again when it can', async () => {
    const file = await open();
    rmSync(path);
    mkdirSync(path);
    file.reopen();
    file.write({ n: 1 });
    await until(() => lost === 1);
    expect(said).to.deep.equal(['a log file cannot be written; records are lost']);
    rmSync(path, { recursive: true });
    file.write({ n: 2 });
    await until(() => said.length === 2);
    await file[Symbol.asyncDispose]();
    expect(said[1]).to.equal('a log file can be written again');
    expect(lines().map(({ n, event, records }) => n ?? [event, records])).to.deep.equal([['lost', 1], 2]);
  });

  it('ends though it cannot be written, and takes no more', async () => {
    const file = await open();
    rmSync(path);
    mkdirSync(path);
    file.reopen();
    file.write({ n: 1 });
    await file[Symbol.asyncDispose]();
    file.write({ n: 2 });
    expect(lost).to.equal(2);
  });

  it('is shared by several that append to it: each line stays whole', async () => {
    const files = [await open(), await open()];
    const text = 'x'.repeat(1000);
    // More at once than what Node would write at once.
    for (let n = 0; n < 2000; n++) for (const [i, file] of files.entries()) file.write({ i, n, text });
    for (const file of files) await file[Symbol.asyncDispose]();
    const all = lines();
    for (const i of files.keys()) {
      const numbers = all.filter((line) => line['i'] === i).map(({ n }) => n);
      expect(numbers).to.deep.equal(Array.from({ length: 2000 }, (_, n) => n));
    }
    expect(lost).to.equal(0);
  });

  it('must be possible to open in the beginning', async () => {
    path = join(folder, 'no', 'such');
    const error = await open().catch((cause: unknown) => cause);
    expect(String(error)).to.match(/ENOENT/);
  });
});
