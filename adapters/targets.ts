import { fileURLToPath } from 'node:url';
import type { Connection } from '../spec/connection.ts';
import { ConformanceError } from '../spec/errors.ts';
import type { Target } from '../spec/target.ts';
import { connectProcess } from './process.ts';

const script = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A target that is a program of this package, run by this very Node. */
function scriptTarget(name: string, path: string, args: readonly string[] = []): Target {
  return {
    name,
    prepare: () => Promise.resolve(),
    connect: (): Promise<Connection> => Promise.resolve(connectProcess(process.execPath, [script(path), ...args])),
  };
}

/** The target with this name. Throws a `ConformanceError` of kind usage that lists what there is. */
export function resolveTarget(name: string): Target {
  if (name === 'sim') return scriptTarget(name, 'simulator/main.ts');
  if (name === 'reference') return scriptTarget(name, 'reference/main.ts');
  const faulty = /^faulty:(.+)$/.exec(name)?.[1];
  if (faulty !== undefined) return scriptTarget(name, 'simulator/main.ts', ['--fault', faulty]);
  throw new ConformanceError('usage', 'unknown-target', `There is no target ${name}.`);
}
