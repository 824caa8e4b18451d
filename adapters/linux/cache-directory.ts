import { homedir } from 'node:os';
import path from 'node:path';

/** Where kits live: `$XDG_CACHE_HOME/mmap-conformance`, or `~/.cache/mmap-conformance`. */
export function defaultCacheDir(environment: NodeJS.ProcessEnv = process.env): string {
  const configured = environment['XDG_CACHE_HOME'];
  // The XDG specification tells to ignore relative paths.
  const base = configured !== undefined && path.isAbsolute(configured) ? configured : path.join(homedir(), '.cache');
  return path.join(base, 'mmap-conformance');
}
