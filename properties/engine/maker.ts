/** A thread of `Makers`: makes programs and judges what is answered to them, lot by lot. */
import { enableCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { Order, Work } from './makers.ts';

const work = workerData as Work;
if (work.compiled !== undefined) enableCompileCache(work.compiled);
const { Making } = await import('./making.ts');
const making = new Making(work);
parentPort?.on('message', (order: Order) => parentPort?.postMessage(making.fill(order)));
