import ringFault from '../examples/ring-driver/ring-fault.json' with { type: 'json' };
import ringInsert from '../examples/ring-driver/ring-insert.json' with { type: 'json' };
import ringRemap from '../examples/ring-driver/ring-remap.json' with { type: 'json' };
import { REFERENCE_FACTS } from '../model/reference-facts.ts';
import { Contract } from '../spec/contract.ts';
import { type KernelProfile, MEASURED_SERIES, parseVersion } from '../spec/kernel.ts';
import { listContracts, loadContract } from '../spec/io/load.ts';
import { platformOf } from '../spec/platform.ts';
import type { TargetFacts } from '../spec/protocol.ts';

/** One world that programs run in: a driver on a kernel. */
export interface Case {
  readonly name: string;
  readonly contract: Contract;
  readonly kernel: KernelProfile;
}

/** A machine that a kernel runs on, and what it measures of itself. */
interface Machine {
  readonly name: string;
  readonly machine: string;
  readonly facts: TargetFacts;
}

/** The machines differ in all facts that the model asks for. */
const MACHINES: readonly Machine[] = [
  { name: 'x86', machine: 'x86_64', facts: REFERENCE_FACTS },
  {
    name: 'x86-other',
    machine: 'x86_64',
    facts: {
      ...REFERENCE_FACTS,
      zonePages: 64,
      mapPages: 64,
      executeOnly: true,
      softDirty: false,
      memForce: false,
      memoryFailure: false,
      hugePages: false,
      samePageMerging: false,
      unlocksWholeArea: true,
      fastStrings: 'all',
      stepwiseCopies: false,
    },
  },
  {
    name: 'um',
    machine: 'um',
    facts: {
      ...REFERENCE_FACTS,
      zonePages: 4096,
      searchesUpward: true,
      arenaStart: 65_536,
      taskPages: 131_072,
      memoryPages: 8192,
      softDirty: false,
      oldPagesFault: true,
      forkLeavesPages: true,
      fastStrings: 'long',
    },
  },
];

function contracts(): readonly Contract[] {
  const shipped = listContracts().map(loadContract);
  const ring = Contract.parse(ringFault);
  const insert = Contract.parse(ringInsert);
  return [
    ...shipped,
    ring,
    insert,
    Contract.parse(ringRemap),
    // Placed pages in private mappings, and a driver that lets its areas merge.
    Contract.parse({
      ...insert,
      name: 'insert_private',
      mmap: { ...insert.mmap, private: 'mapped', range: 'buffer' },
      vmOperations: { open: true, close: false },
    }),
    // No file of the shipped contracts refuses a range or merges without a single callback of its areas.
    Contract.parse({
      ...ring,
      name: 'fault_quiet',
      mmap: { ...ring.mmap, range: 'any', private: 'mapped' },
      vmOperations: { open: false, close: false },
    }),
  ];
}

/** Every contract on every measured series of every machine. */
export function digestCases(): readonly Case[] {
  return contracts().flatMap((contract) =>
    MACHINES.flatMap(({ name, machine, facts }) =>
      MEASURED_SERIES.map((measured) => {
        const proc = contract.node.kind === 'proc';
        const kernel: KernelProfile = {
          release: `${measured}.0-digest`,
          version: parseVersion(measured) ?? [0, 0],
          measured,
          platform: platformOf(machine, facts.pageSize),
          facts,
          noexec: proc,
          regular: proc,
        };
        return { name: `${contract.name} ${name} ${measured}`, contract, kernel };
      }),
    ),
  );
}
