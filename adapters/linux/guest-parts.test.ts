import { expect, test } from 'vitest';
import { MEASURED_SERIES } from '../../spec/kernel.ts';
import { X86_64 } from './architecture.ts';
import { moduleDependencies } from './guest-drivers.ts';
import { packCpio } from './cpio.ts';
import { parseIndexTargets, sourceLines } from './debian-sources.ts';
import { describeEnd } from './guest.ts';
import { LineSplitter } from '../wire/lines.ts';
import { kernelPackages, kernelRelease, knownKernels } from './releases.ts';
import { TextRing } from '../wire/text-ring.ts';

test('lines are the same however the bytes arrive', () => {
  const text = 'one\n\nzwölf\nthree';
  for (let size = 1; size <= text.length + 1; size += 1) {
    const bytes = Buffer.from(text);
    const splitter = new LineSplitter();
    const lines: string[] = [];
    for (let start = 0; start < bytes.length; start += size) {
      lines.push(...splitter.push(bytes.subarray(start, start + size)));
    }
    expect([...lines, splitter.rest()]).toEqual(['one', '', 'zwölf', 'three']);
  }
});

test('a long line in many chunks takes time in proportion to its length', () => {
  const splitter = new LineSplitter();
  const chunk = Buffer.alloc(1024, 'x');
  for (let count = 0; count < 20_000; count += 1) {
    expect(splitter.push(chunk)).toHaveLength(0);
  }
  expect(splitter.push(Buffer.from('\n'))[0]).toHaveLength(20_000 * 1024);
});

test('the console keeps its end only', () => {
  const ring = new TextRing(10);
  for (let count = 0; count < 100; count += 1) {
    ring.push(Buffer.from(`${String(count)}\r\n`));
  }
  expect(ring.tail(2)).toBe('98\n99');
  expect(ring.text().length).toBeLessThanOrEqual(10);
});

test('an unknown kernel is a usage error that lists the known ones', () => {
  expect(knownKernels()).toEqual(MEASURED_SERIES);
  expect(() => kernelRelease('6.6')).toThrow(
    expect.objectContaining({
      kind: 'usage',
      code: 'unknown-kernel',
      message: expect.stringContaining(MEASURED_SERIES.join(', ')) as string,
    }),
  );
  expect(kernelPackages(kernelRelease('7.3'), X86_64)).toContain('linux-image-cloud-amd64/trixie-backports');
});

test('the archives are read from what apt says, and only those of Debian', () => {
  const output = [
    'http://ubuntu.test/ubuntu/ noble Ubuntu',
    'http://one.test/debian/ bookworm Debian',
    'http://one.test/debian/ bookworm-updates Debian',
    'http://two.test/debian-security/ bookworm-security Debian',
  ].join('\n');
  const archives = parseIndexTargets(output);
  expect(archives).toEqual({ main: 'http://one.test/debian/', security: 'http://two.test/debian-security/' });
  expect(parseIndexTargets('http://ubuntu.test/ubuntu/ noble Ubuntu')).toBeUndefined();
  expect(sourceLines(kernelRelease('6.12'), { main: 'http://one.test/debian/' })).toHaveLength(1);
  expect(sourceLines(kernelRelease('6.12'), archives ?? { main: '' })[1]).toContain(
    'two.test/debian-security/ trixie-security main',
  );
});

test('the dependencies of a module are read from it', () => {
  expect(moduleDependencies(Buffer.from('x\0depends=virtio,virtio-ring\0y'))).toEqual(['virtio', 'virtio_ring']);
  expect(moduleDependencies(Buffer.from('x\0depends=\0y'))).toEqual([]);
});

test('every member of an archive starts on a multiple of four', () => {
  const archive = packCpio([
    { kind: 'directory', path: 'a', mode: 0o755 },
    { kind: 'file', path: 'a/file', mode: 0o644, content: Buffer.from('12345') },
  ]);
  const text = archive.toString('latin1');
  const starts = [...text.matchAll(/070701/g)].map((match) => match.index);
  expect(starts).toHaveLength(3);
  expect(starts.every((start) => start % 4 === 0)).toBe(true);
  expect(text).toContain('TRAILER!!!\0');
});

test('the end of a guest is told from its console', () => {
  const panic = 'x\n[ 1.0] Kernel panic - not syncing: Fatal exception\ny';
  expect(describeEnd('killed', 'QEMU ended.', panic)).toMatchObject({ reason: 'crashed' });
  const trace = ' [<60>] ? lkmc_read+0x1/0x2 [lkmc_mmap]\n [<61>] lkmc_open+0x1c/0x29c [lkmc_mmap]\n';
  expect(describeEnd(undefined, '', `${trace}Kernel panic - not syncing: BUG!\n`)).toEqual({
    reason: 'crashed',
    message: 'The kernel of the guest crashed: Kernel panic - not syncing: BUG!, in lkmc_open [lkmc_mmap]',
  });
  expect(describeEnd('killed', 'QEMU ended.', '')).toMatchObject({ reason: 'killed' });
  expect(describeEnd('closed', 'QEMU ended.', '')).toMatchObject({ reason: 'closed' });
  expect(describeEnd(undefined, 'QEMU ended.', 'mmap-conformance: helper ended: status 3\n')).toEqual({
    reason: 'exited',
    message: 'The guest ended by itself (helper ended: status 3).',
  });
});
