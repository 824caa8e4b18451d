#!/usr/bin/env node
/**
 * The command of the package: starts the command line under a Node that can run it. It runs under whatever Node the machine has,
 * so it has neither types nor anything newer than Node 18.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST = 24;
const HERE = path.dirname(fileURLToPath(import.meta.url));
const INCOMPLETE = 3;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** The sources in a checkout, what was built from them in the package. */
const script = [path.join(HERE, 'main.ts'), path.join(HERE, '../dist/cli/main.js')].find((file) => existsSync(file));

/** This very Node if it is new enough, else the one that was installed with the package; undefined if there is none. */
function suitableNode() {
  if (Number.parseInt(process.versions.node, 10) >= OLDEST) return process.execPath;
  try {
    const own = path.join(path.dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin/node');
    return existsSync(own) ? own : undefined;
  } catch {
    return undefined;
  }
}

const node = suitableNode();
if (node === undefined || script === undefined) {
  console.error(
    script === undefined
      ? 'error: this installation is not complete: what the package was built of is missing.\n  Build it with: npm run build'
      : `error: this needs Node ${OLDEST}, and this is Node ${process.versions.node}; the one that belongs to the package was not installed.\n` +
          `  Install it beside the package: npm install --allow-scripts=node node@${OLDEST}`,
  );
  process.exitCode = INCOMPLETE;
} else {
  const child = spawn(node, [script, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`error: ${node} could not be started: ${error.message}`);
    process.exitCode = INCOMPLETE;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  });
}
