/**
 * Measures the stages of one checkout, in a process of its own, so that two checkouts share no compiled code and no heap.
 * Prints one line of JSON: microseconds of processor time, by stage.
 * Usage: node bench/stages.ts CHECKOUT TARGET CONTRACT PROGRAMS SEED
 */
import { measureHost } from './host-stages.ts';
import { loadParts, prepareTarget } from './layouts.ts';
import { measureShrink } from './shrink-stage.ts';
import { measureTarget } from './target-stages.ts';

const [directory = '', name = '', contractName = '', programs, seed] = process.argv.slice(2);
const parts = await loadParts(directory);
const target = await prepareTarget(parts, name);
const contract = parts.loadContract(contractName);
const request = { parts, target, contract, programs: Number(programs), seed: Number(seed) };
const stages = {
  ...(await measureHost(request)),
  'shrink (a candidate)': await measureShrink(request),
  ...(await measureTarget(request)),
};
console.log(JSON.stringify(stages));
