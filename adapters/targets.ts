import { fileURLToPath } from 'node:url';
import { ConformanceError } from '../spec/errors.ts';
import { unknownName } from '../spec/suggest.ts';
import type { Target, TargetStatus } from '../spec/target.ts';
import { kernelTarget, type KernelTargetOptions } from './kernel/target.ts';
import { installCommand, missingPackages } from './kernel/packages.ts';
import { knownKernels } from './kernel/releases.ts';
import { buildHelper } from './native/build.ts';
import { connectProcess } from './process.ts';
import { FAULT_NAMES } from './simulator/faults.ts';

/** A target that is a program of this package, run by this very Node. */
function scriptTarget(name: string, path: string, args: readonly string[] = []): Target {
  const script = fileURLToPath(new URL(path, import.meta.url));
  return {
    name,
    prepare: () => Promise.resolve(),
    connect: () => Promise.resolve(connectProcess(process.execPath, [script, ...args])),
  };
}

/** The helper on this machine without any module: each device buffer is a memfd. */
function memfdTarget(): Target {
  let helper: string | undefined;
  return {
    name: 'memfd',
    prepare: async ({ onProgress }) => {
      helper = await buildHelper({ onProgress });
    },
    connect: () => {
      if (helper === undefined) throw new Error('memfd: connect before prepare');
      return Promise.resolve(connectProcess(helper, ['--memfd']));
    },
  };
}

interface Kind {
  readonly name: string;
  readonly description: string;
  readonly make: (options: KernelTargetOptions) => Target;
  readonly needsPackages: boolean;
}

function kinds(): readonly Kind[] {
  return [
    {
      name: 'sim',
      description: 'the simulator: a second implementation, which works as a kernel does',
      make: () => scriptTarget('sim', 'simulator/main.ts'),
      needsPackages: false,
    },
    {
      name: 'memfd',
      description: 'this machine’s kernel, with memfds in place of the device',
      make: memfdTarget,
      needsPackages: true,
    },
    ...knownKernels().map((series) => ({
      name: `kernel:${series}`,
      description: `the modules in Debian’s Linux ${series}, in a virtual machine`,
      make: (options: KernelTargetOptions) => kernelTarget(series, options),
      needsPackages: true,
    })),
    {
      name: 'reference',
      description: 'the reference model itself, behind the protocol',
      make: () => scriptTarget('reference', 'reference/main.ts'),
      needsPackages: false,
    },
    ...FAULT_NAMES.map((fault) => ({
      name: `faulty:${fault}`,
      description: 'a simulator that is wrong on purpose: the suite must find it',
      make: () => scriptTarget(`faulty:${fault}`, 'simulator/main.ts', ['--fault', fault]),
      needsPackages: false,
    })),
  ];
}

/** The target with this name. Throws a `ConformanceError` of kind usage that says what there is. */
export function resolveTarget(name: string, options: KernelTargetOptions = {}): Target {
  const known = kinds();
  const kind = known.find((candidate) => candidate.name === name);
  if (kind !== undefined) return kind.make(options);
  const names = known.map((candidate) => candidate.name).filter((candidate) => !candidate.startsWith('faulty:'));
  throw new ConformanceError('usage', 'unknown-target', unknownName('target', name, names));
}

/** All targets and whether they can run here now. */
export async function listTargets(): Promise<readonly TargetStatus[]> {
  const missing = await missingPackages();
  return kinds().map(({ name, description, needsPackages }): TargetStatus => {
    if (!needsPackages) return { name, description, state: 'ready' };
    if (missing.length === 0) return { name, description, state: 'needs prepare' };
    return { name, description, state: 'missing', detail: `install with: ${installCommand(missing)}` };
  });
}
