import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConformanceError } from '../spec/errors.ts';
import { unknownName } from '../spec/io/suggest.ts';
import type { Target, TargetStatus } from '../spec/ports/target.ts';
import { kernelTarget } from './qemu/target.ts';
import type { ModuleTargetOptions } from './linux/guest-software.ts';
import { kernelsReady } from './linux/diagnose.ts';
import { installCommand, missingPackages, type Purpose } from './linux/packages.ts';
import { knownKernels } from './linux/releases.ts';
import { COMMAND_PREFIXES, commandTarget, namedCommandTarget } from './wire/command-target.ts';
import { memfdTarget } from './native/target.ts';
import { umlTarget } from './uml/target.ts';
import { UML_RELEASES, umlName, umlsReady, type UmlRelease } from './uml/releases.ts';
import { MUTANT_NAMES } from './simulator/mutants.ts';

/** What is checked when no target is named. */
export const DEFAULT_TARGETS: readonly string[] = ['sim', 'memfd', 'kernel:6.12'];

/** What the tests of this repository use, as far as it takes preparing; tests of other targets are left out where these are not ready. */
export const TEST_TARGETS: readonly string[] = ['memfd', ...knownKernels().map((series) => `kernel:${series}`)];

/** A target that is a program of this package, run by this very Node: a source in a checkout, in the package built from it. */
function scriptTarget(name: string, path: string, args: readonly string[] = []): Target {
  const script = fileURLToPath(new URL(path + extname(import.meta.filename), import.meta.url));
  return commandTarget(name, [process.execPath, script, ...args]);
}

/** What a kernel for User Mode Linux is, in a few words. */
function describeUml({ series, checks, packaged }: UmlRelease): string {
  if (packaged) return `User Mode Linux ${series}, as Debian packages it`;
  return `User Mode Linux ${series}${checks ? ', instrumented for drivers' : ': Linux as a process'}`;
}

interface Kind {
  readonly name: string;
  readonly description: string;
  readonly make: (options: ModuleTargetOptions) => Target;
  /** What has to be installed and built first. */
  readonly needs?: Exclude<Purpose, 'tests'>;
  /** It is wrong on purpose. */
  readonly planted?: true;
}

function kinds(): readonly Kind[] {
  return [
    {
      name: 'sim',
      description: 'a simulator of Linux 6.12',
      make: () => scriptTarget('sim', 'simulator/main'),
    },
    ...knownKernels().map((series) => ({
      name: `sim:${series}`,
      description: `a simulator of Linux ${series}`,
      make: () => scriptTarget(`sim:${series}`, 'simulator/main', ['--kernel', series]),
    })),
    {
      name: 'memfd',
      description: 'this machine’s kernel, with memfds as devices',
      make: memfdTarget,
      needs: 'helper',
    },
    ...knownKernels().map((series) => ({
      name: `kernel:${series}`,
      description: `Debian’s Linux ${series} in a virtual machine`,
      make: (options: ModuleTargetOptions) => kernelTarget(series, options),
      needs: 'guest' as const,
    })),
    ...UML_RELEASES.map((release) => ({
      name: umlName(release),
      description: describeUml(release),
      make: (options: ModuleTargetOptions) => umlTarget(release, options),
      needs: 'uml' as const,
    })),
    {
      name: 'reference',
      description: 'the reference model itself, behind the protocol',
      make: () => scriptTarget('reference', 'reference/main'),
    },
    ...MUTANT_NAMES.map((mutant) => ({
      name: `mutant:${mutant}`,
      description: 'a simulator with a planted bug',
      planted: true as const,
      make: () => scriptTarget(`mutant:${mutant}`, 'simulator/main', ['--mutant', mutant]),
    })),
  ];
}

const LOADS_MODULES: ReadonlySet<Purpose | undefined> = new Set(['guest', 'uml']);

function loadsNoModules(name: string): ConformanceError {
  const message = `the target ${name} loads no modules, so it cannot check a driver of yours`;
  return new ConformanceError('usage', 'loads-no-modules', message, {
    hint: 'Targets that do are called kernel:… and uml:…, for example --target kernel:6.12.',
  });
}

/** The target with this name. Throws a `ConformanceError` of kind usage that says what there is. */
export function resolveTarget(asked: string, options: ModuleTargetOptions = {}): Target {
  // What mutants of the simulator were called first.
  const name = asked.replace(/^faulty:/, 'mutant:');
  const command = namedCommandTarget(name);
  if (command !== undefined) return command;
  const known = kinds();
  const kind = known.find((candidate) => candidate.name === name);
  if (kind !== undefined) {
    if (options.userModule !== undefined && !LOADS_MODULES.has(kind.needs)) throw loadsNoModules(name);
    return kind.make(options);
  }
  const names = known.filter((candidate) => !candidate.planted).map((candidate) => candidate.name);
  const commands = COMMAND_PREFIXES.map((prefix) => `${prefix}COMMAND`);
  throw new ConformanceError('usage', 'unknown-target', unknownName('target', name, [...names, ...commands]));
}

/** The packages that targets need and this machine does not have, by the name of the target; a target that lacks none is left out. */
export async function packagesMissingFor(names: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const needed = new Map(kinds().map(({ name, needs }) => [name, needs]));
  const found = new Map<string, readonly string[]>();
  for (const name of names) {
    const purpose = needed.get(name);
    const missing = purpose === undefined ? [] : await missingPackages(purpose);
    if (missing.length > 0) found.set(name, missing);
  }
  return found;
}

/** All targets and whether they can run here now. */
export async function listTargets(): Promise<readonly TargetStatus[]> {
  const missing = {
    helper: await missingPackages('helper'),
    guest: await missingPackages('guest'),
    uml: await missingPackages('uml'),
  };
  const ready = new Set([...(await kernelsReady()).map((series) => `kernel:${series}`), ...(await umlsReady())]);
  return kinds().map(({ name, description, needs, planted }): TargetStatus => {
    const about = { name, description, ...(planted && { planted }) };
    if (needs === undefined) return { ...about, state: 'ready' };
    if (missing[needs].length > 0) {
      return { ...about, state: 'missing', detail: `install with: ${installCommand(missing[needs])}` };
    }
    return { ...about, state: needs === 'helper' || ready.has(name) ? 'ready' : 'needs prepare' };
  });
}
