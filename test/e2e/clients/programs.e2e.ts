// Small programs, each with the ordinary session of a library that applications use, give the same through TiView as
// they do straight to TiDB, step by step; and each can create, read and drop a materialized view.
// test/clients/install.sh brings the libraries; the long suites are run by hand (test/clients/run.sh).
import { expect } from 'chai';
import { needsClient } from '../../clients/installed.js';
import { differences } from '../../clients/outcomes.js';
import { type Program, comparableSteps, isViewStep, programs, runSteps } from '../../clients/programs.js';
import { type Servers, runStatements, startServers } from '../../clients/servers.js';

describe('an ordinary session', function () {
  this.timeout(180_000);
  let servers: Servers;

  before(async () => {
    servers = await startServers();
  });

  after(async () => {
    await servers[Symbol.asyncDispose]();
  });

  async function compare(program: Program): Promise<void> {
    const database = 'programs';
    const fresh = [`DROP DATABASE IF EXISTS ${database}`, `CREATE DATABASE ${database}`];
    await runStatements(servers.direct, fresh);
    const direct = await runSteps(program, { port: servers.direct, database }, { withView: false });
    await runStatements(servers.direct, fresh);
    const through = await runSteps(program, { port: servers.through, database }, { withView: true });
    const comparison = { comparesText: true, flaky: new Set<string>() };
    expect(differences(direct, comparableSteps(through), comparison)).to.deep.equal([]);
    expect(direct.size, 'steps').to.be.greaterThan(15);
    const failed = [...through].filter(([, { status }]) => status !== 'passed');
    expect(failed.filter(([name]) => isViewStep(name) || name === 'exit')).to.deep.equal([]);
    expect([...through.keys()].filter(isViewStep)).to.have.length(5);
  }

  for (const program of programs) {
    it(`is the same with ${program.name}`, async function () {
      await needsClient(this, program.client);
      await compare(program);
    });
  }
});
