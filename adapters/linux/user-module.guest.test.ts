import { cp, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ConformanceError } from '../../spec/errors.ts';
import type { Target } from '../../spec/ports/target.ts';
import { resolveTarget } from '../targets.ts';
import type { UserModule } from './user-module.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/ring-driver', import.meta.url));

/** A copy of the example, changed. */
async function driver(changes: Readonly<Record<string, (source: string) => string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'driver-'));
  await cp(EXAMPLE, directory, { recursive: true });
  for (const [name, change] of Object.entries(changes)) {
    const path = join(directory, name);
    await writeFile(path, change(await readFile(path, 'utf8').catch(() => '')));
  }
  return directory;
}

function target(directory: string, more: Partial<UserModule> = {}, name = 'kernel:6.12'): Target {
  const node = { path: '/dev/sample_ring', mode: '0666' };
  return resolveTarget(name, { userModule: { directory, name: 'sample_ring', node, ...more } });
}

async function problemOf(prepared: Target): Promise<ConformanceError> {
  try {
    await prepared.prepare({ onProgress: () => undefined });
  } catch (error) {
    if (error instanceof ConformanceError) return error;
    throw error;
  }
  throw new Error('nothing was wrong');
}

it('says that there is nothing to build', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'driver-'));
  const { kind, message } = await problemOf(target(empty));
  expect({ kind, message }).toEqual({
    kind: 'usage',
    message: `The module directory ${empty} has neither a Kbuild nor a Makefile.`,
  });
});

it('shows what the compiler says, and writes nothing into the directory', async () => {
  const changed = await driver({
    'sample_ring.c': (source) => source.replace('ring_vm_open(vma);', 'ring_vm_opn(vma);'),
  });
  const { kind, message } = await problemOf(target(changed));
  expect(kind).toBe('target');
  expect(message).toContain(`The module in ${changed} does not compile: for Linux 6.12.`);
  expect(message).toMatch(/^sample_ring\.c:\d+:\d+: error: implicit declaration of function .ring_vm_opn./m);
  expect((await readdir(changed)).toSorted()).toEqual((await readdir(EXAMPLE)).toSorted());
});

it('says which modules there are when the contract names another', async () => {
  const two = await driver({
    Kbuild: () => 'obj-m := sample_ring.o other.o\n',
    'other.c': () => '#include <linux/module.h>\nMODULE_LICENSE("GPL");\n',
  });
  const { kind, message } = await problemOf(target(two, { name: 'third' }));
  expect(kind).toBe('usage');
  expect(message).toContain('builds 2 modules: other, sample_ring, but the contract describes third');
});

it.each(['kernel:6.12', 'uml:6.1'])('says what the kernel says when it does not load: %s', async (name) => {
  const { kind, message, hint } = await problemOf(target(EXAMPLE, { params: 'mapping=nothing' }, name));
  expect(kind).toBe('target');
  expect(message).toContain('The module sample_ring cannot be loaded: Invalid argument');
  expect(hint).toContain('with the parameters mapping=nothing');
});

it('says when the node does not appear', async () => {
  const { message, hint } = await problemOf(target(EXAMPLE, { node: { path: '/dev/other', mode: '0666' } }));
  expect(message).toBe('The module sample_ring is loaded, but there is no /dev/other.');
  expect(hint).toContain('/proc/devices');
});
