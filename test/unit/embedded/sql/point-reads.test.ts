import { expect } from 'chai';
import { pointReads } from '../../../../src/embedded/sql/point-reads.js';
import { bindDefinition, readDefinition } from '../../../../src/plan/plan-view.js';
import { prune } from '../../../../src/plan/prune.js';
import { pushDown } from '../../../../src/plan/push-down.js';
import { schemaOf } from '../../../support/embedded/schema-of.js';

const SCHEMA = schemaOf('d', [
  'create table t (id int primary key, a int)',
  'create table s (k varchar(10) primary key, a int)',
]);

/** Of table `t` (or `s`); `all` where any row may matter. */
function reads(select: string, table = 't'): string {
  const bound = bindDefinition(
    readDefinition(select),
    (database, name) => SCHEMA.find(database, name)?.version,
    {
      timeZone: 'UTC',
    },
  );
  const found = pointReads(prune(pushDown(bound.plan)));
  const version = SCHEMA.find('d', table)?.version;
  if (version === undefined || !found.has(version)) return 'nothing';
  return found.get(version)?.join() ?? 'all';
}

describe('embedded/sql/point-reads', () => {
  it('finds the handles that WHERE names', () => {
    const where = 'SELECT `a` AS `a` FROM `d`.`t` WHERE';
    expect(reads(`${where} \`id\`=3`)).to.equal('3');
    expect(reads(`${where} \`a\`>1 AND \`id\` IN (1,2,5)`)).to.equal('1,2,5');
    expect(reads(`${where} \`id\`=1.5`)).to.equal('all');
    expect(reads(`${where} \`id\`=3 OR \`a\`=1`)).to.equal('all');
    expect(reads(`${where} \`id\`>3`)).to.equal('all');
    expect(reads(`${where} \`a\`=3`)).to.equal('all');
  });

  it('reads all when one of two uses needs all, and both keys when both are named', () => {
    const join = 'SELECT `x`.`a` AS `a` FROM `d`.`t` AS `x` JOIN `d`.`t` AS `y` ON';
    expect(reads(`${join} \`x\`.\`id\`=1 AND \`y\`.\`id\`=2`)).to.equal('1,2');
    expect(reads(`${join} \`x\`.\`id\`=1 AND \`y\`.\`a\`=2`)).to.equal('all');
  });

  it('leaves tables with other keys alone', () => {
    expect(reads("SELECT `a` AS `a` FROM `d`.`s` WHERE `k`='x'", 's')).to.equal('all');
  });
});
