import { fileURLToPath } from 'node:url';
import { conformance } from 'mmap-conformance/vitest';

/** A program that speaks the protocol; that it is the simulator of the package makes no difference. */
const adapter = fileURLToPath(new URL('../adapters/simulator/main.js', import.meta.resolve('mmap-conformance')));

conformance(
  { command: process.execPath, args: [adapter] },
  { contract: 'pages_mmap', name: 'a command', properties: ['lockstep', 'balance'], seed: 1, numRuns: 50 },
);
