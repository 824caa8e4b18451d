import tseslint from 'typescript-eslint';
import { inputsOfSources } from './eslint-inputs.ts';

/** What each folder must not import, as in "Imports point one way" of ARCHITECTURE.md. */
const FOLDERS = {
  spec: ['model', 'adapters', 'properties', 'reports', 'cli', 'api', 'bench'],
  model: ['adapters', 'properties', 'reports', 'cli', 'api', 'bench'],
  adapters: ['model', 'properties', 'reports', 'cli', 'api', 'bench'],
  'adapters/reference': ['properties', 'reports', 'cli', 'api', 'bench'],
  // The session is the harness's side of the protocol; it knows no target.
  properties: ['adapters/(?!session\\.ts)', 'reports', 'cli', 'api', 'bench'],
  reports: ['model', 'adapters', 'properties', 'cli', 'api', 'bench'],
  cli: ['api', 'bench'],
  api: ['cli', 'bench'],
};

const REASONS = {
  spec: 'spec says what is promised and depends on nothing else',
  model: 'model is pure and knows only spec',
  adapters: 'adapters know only spec, so that no adapter can borrow its answers from the model',
  'adapters/reference': 'the reference adapter serves the model and knows only spec and model',
  properties: 'properties reach targets only through the interface in spec/target.ts',
  reports: 'reports read the journal and know only spec',
  cli: 'the command line and the package’s functions are two fronts of the same parts',
  api: 'the command line and the package’s functions are two fronts of the same parts',
};

const importDirection = Object.entries(FOLDERS).map(([folder, forbidden]) => ({
  files: [`${folder}/**/*.ts`],
  // A test wires parts together, as the command line does.
  ignores: ['**/*.test.ts'],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: forbidden.map((other) => ({
          regex: `^(\\.\\.?/)+${other.includes('/') ? other : `${other}/`}`,
          message: `${REASONS[folder]}.`,
        })),
      },
    ],
  },
}));

/** The settings of a file are a part of its key in ESLint's cache. */
const cacheKeys = [...inputsOfSources(import.meta.dirname)].map(([file, inputs]) => ({
  files: [file],
  settings: { inputs },
}));

export default tseslint.config(
  { ignores: ['node_modules/', 'out/', 'dist/', 'examples/', 'spec/schemas/'] },
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js', 'cli/launch.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ExportDefaultDeclaration',
          message: 'A default export has no name to search for: export it by name.',
        },
        {
          selector:
            'NewExpression[callee.name="ConformanceError"] > Literal.arguments:nth-child(2):not([value=/^[a-z0-9]+(-[a-z0-9]+)*$/])',
          message: 'The code of an error is in kebab-case, and promised to stay.',
        },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: true },
      ],
      // A schema and its type share one name, as zod users do.
      '@typescript-eslint/no-redeclare': 'off',
      // Signatures of interfaces that fire and forget take functions that return promises.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  ...importDirection,
  ...cacheKeys,
  {
    files: ['**/*.test.ts'],
    rules: {
      // Vitest's expect takes unbound methods.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['*.config.{js,ts}'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  { files: ['**/*.js'], extends: [tseslint.configs.disableTypeChecked] },
);
