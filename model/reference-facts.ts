import type { TargetFacts } from '../spec/protocol.ts';

/** The machine that the model stands for where no target says otherwise: an x86-64 as the guests are. */
export const REFERENCE_FACTS: TargetFacts = {
  pageSize: 4096,
  arenaPages: 32,
  guardPages: 16,
  zonePages: 2 ** 34,
  memoryPages: 32_768,
  executeOnly: false,
  softDirty: true,
  memForce: true,
  memoryFailure: true,
  samePageMerging: true,
  hugePages: true,
  stepwiseCopies: true,
};
