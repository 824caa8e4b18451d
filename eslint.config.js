import tseslint from 'typescript-eslint';
import { inputsOfSources } from './tools/eslint/inputs.ts';

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
        projectService: { allowDefaultProject: ['eslint.config.js', '.dependency-cruiser.js', 'cli/launch.js'] },
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
  ...cacheKeys,
  {
    files: ['**/*.test.ts'],
    rules: {
      // Vitest's expect takes unbound methods.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['**/*.config.{js,ts}', '.dependency-cruiser.js'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  { files: ['**/*.js'], extends: [tseslint.configs.disableTypeChecked] },
);
