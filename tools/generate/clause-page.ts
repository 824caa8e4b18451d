import { AREAS, type Clause, type ClauseFacts } from '../../spec/clauses.ts';
import type { Contract } from '../../spec/contract.ts';
import { MEASURED_SERIES, type MeasuredSeries, parseVersion } from '../../spec/kernel.ts';
import { type Platform, PLATFORMS } from '../../spec/platform.ts';
import { listContracts, loadContract } from '../../spec/io/load.ts';
import { FAILURES } from '../../spec/operations/define.ts';
import { OPERATION_NAMES, SETTING_NAMES, type SettingName } from '../../spec/program.ts';

/** The page of all clauses for people, generated from them. */
export const PAGE_FILE = new URL('../../spec/SPEC.md', import.meta.url);

const INTRODUCTION = `# What is promised

<!-- Generated from spec/clauses/ by \`npm run generate\`. -->

Every clause has an id that is never reused. A failure names the clause that it breaks, and the \`coverage.md\` of a run says
how often each one decided what was compared. _Where_ says what has to be there for the clause to say something: the contract,
the kernel, the operations of which the target must perform one, a limit that the program sets. _Seen_ is the level on
which a breach shows. Which kernels were measured, and how others are treated, stands in \`spec/kernel.ts\`.
`;

/** What a fact about a target means for a clause that needs it, and for one that needs its opposite. */
const FACTS = {
  executeOnly: ['with protection keys', 'without protection keys'],
  softDirty: ['with soft-dirty bits', 'without soft-dirty bits'],
  unlocksWholeArea: [
    'where MREMAP_DONTUNMAP unlocks a whole area',
    'where MREMAP_DONTUNMAP unlocks only what it moves',
  ],
  memForce: ['where /proc/PID/mem may override protection', 'where /proc/PID/mem may not override protection'],
  memoryFailure: ['with CONFIG_MEMORY_FAILURE', 'without CONFIG_MEMORY_FAILURE'],
  samePageMerging: ['with CONFIG_KSM', 'without CONFIG_KSM'],
  hugePages: ['with CONFIG_TRANSPARENT_HUGEPAGE', 'without CONFIG_TRANSPARENT_HUGEPAGE'],
  stepwiseCopies: ['where copies run step by step', 'where copies may run in any steps'],
  repeat: ['where lost memory can be measured', 'where lost memory cannot be measured'],
  boundless: ['where mappings may be as long as the kernel allows', 'where the target bounds the length of mappings'],
} as const;
type Fact = keyof typeof FACTS;
const FACT_NAMES = Object.keys(FACTS) as readonly Fact[];

const LIMITS: Readonly<Record<SettingName, string>> = {
  addressSpace: 'RLIMIT_AS',
  descriptors: 'RLIMIT_NOFILE',
  locked: 'RLIMIT_MEMLOCK',
  areas: 'vm.max_map_count',
};

/** The page in Markdown. */
export function generatePage(): string {
  const places = listContracts().map((name) => {
    const contract = loadContract(name);
    return { contract, situations: situationsOf(contract) };
  });
  const areas = AREAS.map(([title, clauses]) => {
    const rows = clauses.map((clause) => {
      const { id, level, text, seen, source } = clause;
      return [id, level, text, whereOf(clause, places), seen, source];
    });
    const head = ['Clause', 'Level', 'Requirement', 'Where', 'Seen', 'Source'];
    return [`## ${title}`, '', ...[head, head.map(() => '---'), ...rows].map(row), ''].join('\n');
  });
  return [INTRODUCTION, ...areas].join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((text) => text.replaceAll('|', String.raw`\|`).replaceAll('*', String.raw`\*`)).join(' | ')} |`;
}

/** Where a clause says something, in words; what depends on a predicate is found by asking it about everything. */
function whereOf(clause: Clause, places: readonly Place[]): string {
  const applying = places
    .map(({ contract, situations }) => {
      return { contract, situations: situations.filter(({ facts }) => clause.applies?.(contract, facts) ?? true) };
    })
    .filter(({ situations }) => situations.length > 0);
  const parts: string[] = [];
  if (applying.length === 0) parts.push('other contracts');
  else if (applying.length < places.length) parts.push(...applying.map(({ contract }) => `\`${contract.name}\``));
  parts.push(...conditionsOf(applying.flatMap(({ situations }) => situations)));
  if (clause.since !== undefined) parts.push(`since Linux ${clause.since.join('.')}`);
  if (clause.before !== undefined) parts.push(`before Linux ${clause.before.join('.')}`);
  if (clause.setting !== undefined) parts.push(`limit ${LIMITS[clause.setting]}`);
  if (clause.by !== undefined) parts.push(`by ${clause.by.map((operation) => `\`${operation}\``).join(', ')}`);
  return parts.length === 0 ? 'everywhere' : parts.join('; ');
}

/** A contract, and all targets that there could be for it. */
interface Place {
  readonly contract: Contract;
  readonly situations: readonly Situation[];
}

interface Situation {
  readonly facts: ClauseFacts;
  readonly flags: Readonly<Record<Fact, boolean>>;
}

/** All targets that there could be for a contract. Whether a node is executable is settled by its kind. */
function situationsOf(contract: Contract): Situation[] {
  return PLATFORMS.flatMap((platform) => MEASURED_SERIES.flatMap((series) => situationsOn(contract, platform, series)));
}

function situationsOn(contract: Contract, platform: Platform, series: MeasuredSeries): Situation[] {
  return Array.from({ length: 2 ** FACT_NAMES.length }, (_, bits) => {
    const set = (name: Fact): boolean => (bits & (1 << FACT_NAMES.indexOf(name))) !== 0;
    const flags = Object.fromEntries(FACT_NAMES.map((name) => [name, set(name)])) as Record<Fact, boolean>;
    const { boundless, ...known } = flags;
    const facts: ClauseFacts = {
      ...known,
      noexec: contract.node.kind === 'proc',
      mapPages: boundless ? undefined : 1024,
      version: parseVersion(series) ?? [0, 0],
      platform,
      operations: OPERATION_NAMES,
      settings: SETTING_NAMES,
      failures: FAILURES,
    };
    return { facts, flags };
  });
}

/** What all situations have in common in which a clause applies: facts, and versions when not all are among them. */
function conditionsOf(situations: readonly Situation[]): string[] {
  if (situations.length === 0) return [];
  const words: string[] = FACT_NAMES.flatMap((name) => {
    const [positive, negative] = FACTS[name];
    if (situations.every(({ flags }) => flags[name])) return [positive];
    return situations.every(({ flags }) => !flags[name]) ? [negative] : [];
  });
  const platforms = new Set(situations.map(({ facts }) => facts.platform.title));
  if (platforms.size < PLATFORMS.length) words.push(...platforms);
  const versions = new Set(situations.map(({ facts }) => facts.version.join('.')));
  return versions.size === MEASURED_SERIES.length ? words : [...words, `Linux ${[...versions].join(', ')}`];
}
