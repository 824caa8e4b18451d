#!/usr/bin/env node
import { keepCompiled } from '../adapters/compile-cache.ts';

keepCompiled();
const { main } = await import('./command-line.ts');
// A target that holds on to a handle must not keep a finished run alive.
process.exit(await main());
