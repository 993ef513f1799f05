/** Habits of clients that no library has: pipelining, files, large answers that nobody waits for, broken logins. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { NO_BYTES, concatBytes, utf8 } from '../../../src/base/bytes.js';
import { AnswerKind } from '../../../src/wire/answer-kind.js';
import { Capability } from '../../../src/wire/capability.js';
import { Command } from '../../../src/wire/command.js';
import { framePayload } from '../../../src/wire/packet-writer.js';
import { RawClient } from '../proxy/raw-client.js';

const query = (sql: string): Uint8Array =>
  framePayload(0, concatBytes(Uint8Array.of(Command.query), utf8(sql)));

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

/** Fifty statements before the first is answered, a view's among them. */
export async function pipeline(port: number): Promise<void> {
  const client = await RawClient.login(port, 0, 'soak');
  const statements = Array.from({ length: 50 }, (_, i) =>
    query(i % 10 === 0 ? `delete from mv where ${i} = ${i}` : `select ${1000 + i}`),
  );
  client.socket.write(concatBytes(...statements));
  const answers = await client.answers(statements.map(() => AnswerKind.result));
  demand(answers.includes('1049'), 'the last answer is missing');
  await client.quit();
}

/** Several statements in one packet. */
export async function severalStatements(port: number, round: number): Promise<void> {
  const client = await RawClient.login(port, round % 2 === 0 ? Capability.deprecateEof : 0, 'soak');
  const answer = await client.query("select 'first'; show materialized views; select 'last'");
  demand(answer.includes('first') && answer.includes('mv') && answer.includes('last'), 'a result is missing');
  await client.command(Command.resetConnection);
  await client.quit();
}

/** Five megabytes: read, read slowly, or given up in the middle. */
export async function bigResult(port: number, round: number): Promise<void> {
  const client = await RawClient.login(port, 0, 'soak');
  client.socket.write(query("select repeat('x', 1000) from t a, t b limit 5000"));
  if (round % 3 === 0) {
    await client.chunk();
    client.socket.resetAndDestroy();
    return;
  }
  if (round % 3 === 1) {
    client.socket.pause();
    await sleep(300);
    client.socket.resume();
  }
  const answer = await client.answers([AnswerKind.result]);
  demand(answer.length > 5_000_000, `${answer.length} bytes are too few`);
  await client.quit();
}

/** LOAD DATA LOCAL, of 200 rows. */
export async function loadFile(port: number, round: number): Promise<void> {
  const client = await RawClient.login(port, 0, 'soak');
  const request = await client.query("load data local infile 'rows' replace into table loaded");
  demand(request[4] === 0xfb, `no file is asked for: ${request.toString('latin1')}`);
  const rows = Array.from({ length: 200 }, (_, i) => `${i}\tround ${round}\n`).join('');
  client.socket.write(concatBytes(framePayload(2, utf8(rows)), framePayload(3, NO_BYTES)));
  const end = await client.answers([AnswerKind.single]);
  demand(end[4] === 0, `the file was refused: ${end.toString('latin1')}`);
  await client.quit();
}

/** Clients that go without a word, at all the wrong times. */
export async function abort(port: number, round: number): Promise<void> {
  const isLoggedIn = round % 6 >= 2;
  const client = isLoggedIn ? await RawClient.login(port, 0, 'soak') : RawClient.open(port);
  const { socket } = client;
  if (socket.connecting) await once(socket, 'connect');
  switch (round % 6) {
    case 0:
      break;
    case 1:
      await client.chunk();
      socket.write(Uint8Array.of(200, 0, 0, 1, 5));
      break;
    case 2:
      socket.write(query('select sleep(0.2)'));
      break;
    case 3:
      socket.write(query('begin; update t set n = n where id = 499').subarray(0, 20));
      break;
    case 4:
      socket.write(query('refresh materialized view mv'));
      break;
    default:
      socket.write(Uint8Array.of(1, 0, 0, 9, 3));
      socket.end();
      await client.untilEnd();
  }
  socket.resetAndDestroy();
}
