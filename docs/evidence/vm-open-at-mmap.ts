/**
 * Evidence for docs/questions.md: the kernel does not call vm_open at mmap, the driver does. Performs a program on a
 * driver whose mmap does not; the suite names the clause that this breaks.
 * Usage: node docs/evidence/vm-open-at-mmap.ts [KERNEL]…
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { kernelTarget } from '../../adapters/qemu/target.ts';
import { replayProgram } from '../../properties/engine/replay.ts';
import { describeReplay } from '../../reports/replay.ts';
import { loadContract } from '../../spec/io/load.ts';
import { ProgramFile } from '../../spec/program.ts';

const kernels = process.argv.length > 2 ? process.argv.slice(2) : ['6.12', '6.1'];
const patch = path.join(import.meta.dirname, 'mmap-without-vm-open.patch');
const file = await readFile(path.join(import.meta.dirname, 'vm-open-at-fork.json'), 'utf8');
const { contract, program } = ProgramFile.parse(JSON.parse(file));

for (const kernel of kernels) {
  const target = await kernelTarget(kernel, { patch }).prepare({ onProgress: console.error });
  const { steps } = await replayProgram({ target, contract: loadContract(contract), program });
  console.log(`Linux ${kernel}, lkmc_mmap without its own call of vm_open`);
  for (const line of describeReplay(steps).filter((text) => !/^\W*(layout|outcome|frames)/.test(text)))
    console.log(line);
  console.log();
}
