// The house's floors (src/README.md), as dependency-cruiser rules: arrows point down only, third-party code
// stays in the room that was given it.

const layers = [
  ['base'],
  ['codec', 'sql', 'wire'],
  ['catalog', 'dataflow', 'tikv', 'state'],
  ['plan'],
  ['source', 'commit'],
  ['view'],
  ['proxy', 'embedded', 'observe'],
  ['cli'],
];

/** Which folder may import which package (and nothing else may). */
const packages = {
  'sorted-btree': '^src/base/ordered-map[.]ts$',
  'node-sql-parser': '^src/sql/parse/',
  '@grpc/grpc-js': '^src/(tikv|embedded)/',
  protobufjs: '^src/(tikv|embedded)/',
  'lru-cache': '^src/tikv/',
  lmdb: '^src/state/',
  mysql2: '^src/(view|proxy)/[^/]*control[^/]*[.]ts$',
  pino: '^src/observe/',
  'pino-pretty': '^src/observe/',
  'prom-client': '^src/observe/',
  commander: '^src/cli/',
  'smol-toml': '^src/cli/',
};

const folderRules = layers.flatMap((floor, level) =>
  floor.map((room) => {
    const below = layers.slice(0, level).flat();
    const allowed = [room, ...below].map((name) => `src/${name}/`).join('|');
    return {
      name: `${room}-looks-down-only`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: '^src/', pathNot: `^(${allowed})` },
    };
  }),
);

const packageRules = Object.entries(packages).map(([name, home]) => ({
  name: `${name.replace(/[^a-z0-9]/g, '-')}-stays-home`,
  severity: 'error',
  from: { path: '^src/', pathNot: home },
  to: { path: `^node_modules/${name}/` },
}));

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'src-never-imports-test', severity: 'error', from: { path: '^src/' }, to: { path: '^test/' } },
    {
      name: 'view-has-one-door',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(view|cli)/' },
      to: { path: '^src/view/', pathNot: '^src/view/index[.]ts$' },
    },
    {
      name: 'observe-is-injected',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(observe|cli)/' },
      to: { path: '^src/observe/' },
    },
    {
      name: 'sockets-only-at-the-edges',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(proxy|observe|embedded|cli)/' },
      to: { path: '^(node:)?(net|tls|http|https|dgram)$', dependencyTypes: ['core'] },
    },
    {
      name: 'plan-reference-only-for-tests-and-embedded',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(plan/reference|embedded)/' },
      to: { path: '^src/plan/reference/' },
    },
    { name: 'unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...folderRules,
    ...packageRules,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
