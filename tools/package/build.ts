/**
 * Makes `dist/`, which the package carries: Node does not strip types below node_modules, so it has to be JavaScript. It mirrors
 * the tree of the sources, and what the code looks for beside itself lies where it looks for it.
 */
import { cp, glob, rm } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';

const ROOT = path.join(import.meta.dirname, '../..');
const DIST = path.join(ROOT, 'dist');

/** Folders whose code reads files beside it. */
const FOLDERS = ['spec', 'adapters', 'kmod', 'properties'] as const;

/** What such files are: schemas, contracts and programs; sources in C, how they are built, and what changes them. */
const ASSETS = '*.{json,c,h,sh,patch,config},Kbuild,Makefile,COPYING';

await rm(DIST, { recursive: true, force: true });
await execa({ stdio: 'inherit', cwd: ROOT, preferLocal: true })`tsc --project tsconfig.build.json`;
for await (const file of glob(`{${FOLDERS.join(',')}}/**/{${ASSETS}}`, { cwd: ROOT, exclude: ['**/build/**'] })) {
  await cp(path.join(ROOT, file), path.join(DIST, file));
}
