/**
 * Which part may import which: "Imports point one way" of ARCHITECTURE.md. Checked by `npm run check:imports`.
 */

/** Tests wire parts together, as the command line does. */
const TEST = '\\.test\\.ts$';

/**
 * One rule for a folder: what it must not import.
 *
 * @param {string} name
 * @param {string} from - regular expression of paths
 * @param {string} to - regular expression of paths
 * @param {string} comment - shown with a violation
 */
const forbid = (name, from, to, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from, pathNot: TEST },
  to: { path: to, dependencyTypesNot: ['core'] },
});

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circles',
      severity: 'error',
      comment: 'Modules that import each other cannot be read one at a time. Types may refer to each other.',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'Nothing imports this file, and it is no entry.',
      from: { orphan: true, pathNot: ['\\.config\\.ts$', TEST] },
      to: {},
    },
    {
      name: 'no-test-support-in-sources',
      severity: 'error',
      comment: 'What only tests need must not become part of the product.',
      from: { pathNot: ['^tools/', TEST, '^vitest\\.config\\.ts$'] },
      to: { path: ['^tools/', TEST, 'fixtures\\.ts$'] },
    },
    forbid(
      'spec',
      '^spec/',
      '^(?!spec/|node_modules/)\\w+/',
      'spec says what is promised and depends on nothing else.',
    ),
    forbid('model', '^model/', '^(?!model/|spec/|node_modules/)\\w+/', 'model is pure and knows only spec.'),
    forbid(
      'adapters',
      '^adapters/(?!reference/)',
      '^(?!adapters/|spec/|node_modules/)\\w+/',
      'adapters know only spec, so that none can borrow its answers from the model.',
    ),
    forbid(
      'reference',
      '^adapters/reference/',
      '^(?!adapters/|spec/|model/|node_modules/)\\w+/',
      'The reference adapter serves the model and knows only spec and model.',
    ),
    forbid(
      'properties',
      '^properties/',
      '^(?!properties/|spec/|model/|node_modules/)\\w+/',
      'properties reach targets only through spec/ports/target.ts.',
    ),
    forbid(
      'generate',
      '^properties/generate/',
      '^properties/(?!generate/)',
      'Generators know the model and what a target offers, not how programs are judged.',
    ),
    forbid(
      'judge',
      '^properties/judge/',
      '^properties/(?!judge/)',
      'The judge compares answers with the model; it knows no target and no run.',
    ),
    forbid(
      'shrink',
      '^properties/shrink/',
      '^(model|properties/(?!shrink/))',
      'The shrinker knows programs and asks whether one still fails.',
    ),
    forbid(
      'reports',
      '^reports/',
      '^(?!reports/|spec/|node_modules/)\\w+/',
      'Reports read the journal and know only spec.',
    ),
    forbid(
      'cli',
      '^cli/',
      '^(api|bench)/',
      'The command line and the package’s functions are two fronts of the same parts.',
    ),
    forbid(
      'api',
      '^api/',
      '^(cli|bench)/',
      'The command line and the package’s functions are two fronts of the same parts.',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['^dist/', '^out/', '^examples/vitest-suite/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
  },
};
