import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { ConformanceError } from '../../spec/errors.ts';
import { execa } from 'execa';
import type { Architecture } from './architecture.ts';

/** A driver of the kernel itself, ready to be loaded. */
export interface Driver {
  readonly name: string;
  readonly content: Uint8Array;
}

/**
 * Collects the drivers that a guest must load before it can reach the host, each after those that it depends on.
 * Debian builds them into newer kernels, and then there is nothing to collect.
 *
 * @param modulesDir the directory of the kernel's modules
 * @throws ConformanceError of kind `target` and code `driver-missing`
 */
export async function guestDrivers(modulesDir: string, { portDrivers }: Architecture): Promise<readonly Driver[]> {
  const builtin = new Set(
    (await readFile(path.join(modulesDir, 'modules.builtin'), 'utf8')).split('\n').map(moduleName),
  );
  const files = await readdir(path.join(modulesDir, 'kernel/drivers'), { recursive: true });
  const paths = new Map(files.filter((file) => /\.ko(\.\w+)?$/.test(file)).map((file) => [moduleName(file), file]));
  const loaded = new Map<string, Driver>();

  const add = async (name: string): Promise<void> => {
    if (builtin.has(name) || loaded.has(name)) {
      return;
    }
    const file = paths.get(name);
    if (file === undefined) {
      throw new ConformanceError('target', 'driver-missing', `The kernel in ${modulesDir} has no driver ${name}.`);
    }
    const content = await decompress(path.join(modulesDir, 'kernel/drivers', file));
    for (const dependency of moduleDependencies(content)) {
      await add(dependency);
    }
    loaded.set(name, { name, content });
  };
  for (const name of portDrivers) {
    await add(name);
  }
  return [...loaded.values()];
}

/** The name under which a module file is known: without directory and endings, and with underscores only. */
function moduleName(file: string): string {
  return path
    .basename(file)
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_');
}

/** Reads from the information section of a module which other modules it needs. */
export function moduleDependencies(content: Uint8Array): readonly string[] {
  const text = Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('latin1');
  const list = /\0depends=([^\0]*)\0/.exec(text)?.[1] ?? '';
  return list === '' ? [] : list.split(',').map(moduleName);
}

async function decompress(file: string): Promise<Uint8Array> {
  const tool = file.endsWith('.xz') ? 'xz' : file.endsWith('.zst') ? 'zstd' : undefined;
  if (tool === undefined) {
    return readFile(file);
  }
  const { stdout } = await execa(tool, ['--decompress', '--stdout', '--quiet', file], { encoding: 'buffer' });
  return stdout;
}
