// The lint rules. Architecture rules (who may import whom) live in layers.cjs beside this file.
import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Layers that must stay deterministic and offline: no clock, timer, randomness, socket or process. */
const PURE = ['base', 'codec', 'sql', 'wire', 'catalog', 'dataflow', 'plan'];

const nondeterminism = [
  { name: 'setTimeout', message: 'Use Runtime.sleep.' },
  { name: 'setInterval', message: 'Use Runtime.spawn with Runtime.sleep.' },
  { name: 'setImmediate', message: 'Use Runtime.yieldToIo.' },
];
const nondeterministicMembers = [
  {
    object: 'Date',
    property: 'now',
    message: 'Timestamps come from PD; durations from Runtime.monotonicMs.',
  },
  { object: 'Math', property: 'random', message: 'Use Runtime.random.' },
  { object: 'performance', property: 'now', message: 'Use Runtime.monotonicMs.' },
];

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'coverage/**', 'test/bench/peers/**', 'test/tidb/**'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: new URL('../..', import.meta.url).pathname },
    },
    rules: {
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'max-params': 'off',
      '@typescript-eslint/max-params': ['error', { max: 5 }],
      'no-console': 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      '@typescript-eslint/switch-exhaustiveness-check': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        {
          allowNumber: true,
          allowBoolean: true,
          allow: [{ from: 'lib', name: ['Error', 'URL', 'Uint8Array'] }],
        },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/base/system-runtime.ts'],
    rules: {
      'no-restricted-globals': ['error', ...nondeterminism],
      'no-restricted-properties': ['error', ...nondeterministicMembers],
    },
  },
  {
    files: PURE.map((layer) => `src/${layer}/**/*.ts`),
    ignores: ['src/base/system-runtime.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...nondeterminism,
        { name: 'process', message: 'This layer is pure; pass what it needs in.' },
        { name: 'fetch', message: 'This layer is pure.' },
      ],
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^node:(?!buffer$|zlib$|crypto$|assert$)',
              message: 'This layer may not touch sockets, files, clocks or processes.',
            },
          ],
        },
      ],
      '@typescript-eslint/no-restricted-imports': 'off',
    },
  },
  {
    // Rows are decoded by these layers millions of times a second: a checked index would cost a branch each.
    files: [
      'src/base/**/*.ts',
      'src/codec/**/*.ts',
      'src/wire/**/*.ts',
      'src/dataflow/**/*.ts',
      'src/tikv/feed/**/*.ts',
      'test/**/*.ts',
    ],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unused-expressions': 'off',
      'max-lines-per-function': 'off',
      'no-console': 'off',
      'no-restricted-globals': 'off',
      'no-restricted-properties': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.cjs', '**/*.mjs'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: {
      ...tseslint.configs.disableTypeChecked.languageOptions,
      globals: {
        URL: 'readonly',
        process: 'readonly',
        console: 'readonly',
        Buffer: 'readonly',
        fetch: 'readonly',
      },
    },
  },
  { files: ['**/*.config.js'], rules: { 'no-restricted-exports': 'off' } },
  {
    files: ['**/*.cjs'],
    languageOptions: { globals: { module: 'writable', require: 'readonly' } },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
);
