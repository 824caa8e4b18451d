/**
 * One page of a memfd, checked with fast-check's `fc.commands`: what a user would write in TypeScript.
 * Prints one line of JSON: how many operations were performed and compared, and in how many seconds. An operation is one
 * call of mmap, munmap, load, store, read or write whose result was held against the model. Commands whose `check` says no and
 * the reset before each run are not counted, though their time is.
 * Usage: node bench/alternatives/fc-commands.ts RUNS SEED
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DATA_MAX, OnePage, PAGE } from './one-page.ts';

/** What the page is to hold, and whether it is mapped. */
interface Model {
  readonly bytes: Buffer;
  isMapped: boolean;
}

type Step = fc.AsyncCommand<Model, OnePage>;

/** Commands of a run at most. A third of them is performed; with shorter runs the resets cost more. */
const LONGEST = 100;

let operations = 0;

/** Maps the page, or unmaps it. */
function mapping(call: 'mmap' | 'munmap'): Step {
  const maps = call === 'mmap';
  return {
    check: (model) => model.isMapped !== maps,
    run: async (model, page) => {
      const { result } = await page.call(call);
      operations++;
      assert.equal(result, 0);
      model.isMapped = maps;
    },
    toString: () => call,
  };
}

/** `load`, through the mapping, or `read`. */
function taking(call: 'load' | 'read', offset: number, length: number): Step {
  return {
    check: (model) => call === 'read' || model.isMapped,
    run: async (model, page) => {
      const { result, data } = await page.call(call, offset, length);
      operations++;
      assert.equal(result, length);
      assert.equal(data.compare(model.bytes, offset, offset + length, 0, length), 0);
    },
    toString: () => `${call}(${String(offset)}, ${String(length)})`,
  };
}

/** `store`, through the mapping, or `write`. */
function giving(call: 'store' | 'write', offset: number, content: Uint8Array): Step {
  return {
    check: (model) => call === 'write' || model.isMapped,
    run: async (model, page) => {
      const { result } = await page.call(call, offset, content.length, content);
      operations++;
      assert.equal(result, content.length);
      model.bytes.set(content, offset);
    },
    toString: () => `${call}(${String(offset)}, ${Buffer.from(content).toString('hex')})`,
  };
}

const offsets = fc.nat(PAGE - DATA_MAX);
const lengths = fc.integer({ min: 1, max: DATA_MAX });
const contents = fc.uint8Array({ minLength: 1, maxLength: DATA_MAX });

const steps: fc.Arbitrary<Step>[] = [
  fc.constant(mapping('mmap')),
  fc.constant(mapping('munmap')),
  ...(['load', 'read'] as const).map((call) => fc.tuple(offsets, lengths).map((drawn) => taking(call, ...drawn))),
  ...(['store', 'write'] as const).map((call) => fc.tuple(offsets, contents).map((drawn) => giving(call, ...drawn))),
];

const [runs, seed] = process.argv.slice(2).map(Number);
const page = await OnePage.start();
const begun = performance.now();
await fc.assert(
  fc.asyncProperty(fc.commands(steps, { maxCommands: LONGEST, size: 'max' }), async (commands) => {
    const prepare = async (): Promise<{ model: Model; real: OnePage }> => {
      await page.call('reset');
      return { model: { bytes: Buffer.alloc(PAGE), isMapped: false }, real: page };
    };
    await fc.asyncModelRun(prepare, commands);
  }),
  { numRuns: runs ?? 100, seed: seed ?? 1 },
);
const seconds = (performance.now() - begun) / 1000;
await page.stop();
console.log(JSON.stringify({ operations, seconds }));
