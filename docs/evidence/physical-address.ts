/**
 * Evidence for docs/questions.md: which address does the driver print, and what does pagemap say of the same page?
 * Usage: node docs/evidence/physical-address.ts [KERNEL]…
 */
import { execa } from 'execa';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openGuest } from '../../adapters/linux/guest.ts';
import { kernelRelease } from '../../adapters/linux/releases.ts';
import { debianKernel } from '../../adapters/linux/root.ts';
import { prepareKit } from '../../adapters/qemu/kit.ts';

const kernels = process.argv.length > 2 ? process.argv.slice(2) : ['6.12', '6.1'];
const source = path.join(import.meta.dirname, 'physical-address.c');
const patch = path.join(import.meta.dirname, 'print-three-addresses.patch');

const directory = await mkdtemp(path.join(tmpdir(), 'mmap-conformance-'));
try {
  const helper = path.join(directory, 'physical-address');
  await execa('gcc', ['-std=c17', '-Wall', '-Wextra', '-Werror', '-O2', '-static', '-o', helper, source]);
  for (const kernel of kernels) {
    const guest = await openGuest(
      await prepareKit({ source: debianKernel(kernelRelease(kernel)), helper, patch, onProgress: console.error }),
    );
    try {
      guest.send('go');
      let finished = false;
      for await (const line of guest.lines) {
        finished = line === 'done';
        if (finished) break;
        console.log(line);
      }
      if (!finished) throw new Error(`The guest ended too early. Its last lines:\n${guest.consoleTail()}`);
    } finally {
      await guest.close();
    }
    console.log();
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
