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
import { FAULT_NAMES } from './simulator/mutants.ts';

/** A target that is a program of this package, run by this very Node: a source in a checkout, in the package built from it. */
function scriptTarget(name: string, path: string, args: readonly string[] = []): Target {
  const script = fileURLToPath(new URL(path + extname(import.meta.filename), import.meta.url));
  return commandTarget(name, [process.execPath, script, ...args]);
}

/** What sets a kernel for User Mode Linux apart, as the end of a sentence. */
function umlPeculiarity({ checks, packaged }: UmlRelease): string {
  if (packaged) return ', from Debian’s package instead of compiled';
  return checks ? ', which reports what drivers do silently' : '';
}

interface Kind {
  readonly name: string;
  readonly description: string;
  readonly make: (options: ModuleTargetOptions) => Target;
  /** What has to be installed and built first. */
  readonly needs?: Exclude<Purpose, 'tests'>;
}

function kinds(): readonly Kind[] {
  return [
    {
      name: 'sim',
      description: 'the simulator: a second implementation, which works as a kernel does',
      make: () => scriptTarget('sim', 'simulator/main'),
    },
    ...knownKernels().map((series) => ({
      name: `sim:${series}`,
      description: `the simulator, working as Linux ${series} does`,
      make: () => scriptTarget(`sim:${series}`, 'simulator/main', ['--kernel', series]),
    })),
    {
      name: 'memfd',
      description: 'this machine’s kernel, with memfds in place of the device',
      make: memfdTarget,
      needs: 'helper',
    },
    ...knownKernels().map((series) => ({
      name: `kernel:${series}`,
      description: `the modules in Debian’s Linux ${series}, in a virtual machine`,
      make: (options: ModuleTargetOptions) => kernelTarget(series, options),
      needs: 'guest' as const,
    })),
    ...UML_RELEASES.map((release) => ({
      name: umlName(release),
      description: `the modules in Linux ${release.series} as a process of this machine (User Mode Linux)${umlPeculiarity(release)}`,
      make: (options: ModuleTargetOptions) => umlTarget(release, options),
      needs: 'uml' as const,
    })),
    {
      name: 'reference',
      description: 'the reference model itself, behind the protocol',
      make: () => scriptTarget('reference', 'reference/main'),
    },
    ...FAULT_NAMES.map((fault) => ({
      name: `faulty:${fault}`,
      description: 'a simulator that is wrong on purpose: the suite must find it',
      make: () => scriptTarget(`faulty:${fault}`, 'simulator/main', ['--fault', fault]),
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
export function resolveTarget(name: string, options: ModuleTargetOptions = {}): Target {
  const command = namedCommandTarget(name);
  if (command !== undefined) return command;
  const known = kinds();
  const kind = known.find((candidate) => candidate.name === name);
  if (kind !== undefined) {
    if (options.userModule !== undefined && !LOADS_MODULES.has(kind.needs)) throw loadsNoModules(name);
    return kind.make(options);
  }
  const names = known.map((candidate) => candidate.name).filter((candidate) => !candidate.startsWith('faulty:'));
  const commands = COMMAND_PREFIXES.map((prefix) => `${prefix}COMMAND`);
  throw new ConformanceError('usage', 'unknown-target', unknownName('target', name, [...names, ...commands]));
}

/** All targets and whether they can run here now. */
export async function listTargets(): Promise<readonly TargetStatus[]> {
  const missing = {
    helper: await missingPackages('helper'),
    guest: await missingPackages('guest'),
    uml: await missingPackages('uml'),
  };
  const ready = new Set([...(await kernelsReady()).map((series) => `kernel:${series}`), ...(await umlsReady())]);
  return kinds().map(({ name, description, needs }): TargetStatus => {
    if (needs === undefined) return { name, description, state: 'ready' };
    if (missing[needs].length > 0) {
      return { name, description, state: 'missing', detail: `install with: ${installCommand(missing[needs])}` };
    }
    return { name, description, state: needs === 'helper' || ready.has(name) ? 'ready' : 'needs prepare' };
  });
}
