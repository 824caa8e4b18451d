import { defaultCacheDir } from '../linux/cache.ts';
import type { Finding } from '../linux/diagnose.ts';
import { contained, run } from '../linux/run-command.ts';
import { installCommand, missingPackages } from '../linux/packages.ts';
import { UML_RELEASES, umlName, umlsReady } from './releases.ts';

/** The target that is ready the soonest. */
const PACKAGED = UML_RELEASES.filter((release) => release.packaged)
  .map(umlName)
  .join(', ');

/**
 * What `uml` targets need, for `doctor`. They are not among the default targets, so nothing here is a failure. Changes
 * nothing, never throws.
 */
export async function diagnoseUml(tool: string, cacheDir: string = defaultCacheDir()): Promise<Finding[]> {
  return [{ name: 'user mode linux', ok: true, detail: await describe(tool, cacheDir) }];
}

async function describe(tool: string, cacheDir: string): Promise<string> {
  const missing = await missingPackages('uml');
  if (missing.length > 0) return `Missing: ${missing.join(', ')}. To install: ${installCommand(missing)}`;
  if (!(await mayNamespace())) {
    return 'Processes cannot get a PID namespace here; as root, or with kernel.unprivileged_userns_clone=1, they can.';
  }
  const ready = await umlsReady(cacheDir);
  if (ready.length > 0) return `Ready in ${cacheDir}: ${ready.join(', ')}.`;
  const names = UML_RELEASES.map(umlName).join(' ');
  return `Not prepared; ${tool} prepare ${names} compiles kernels, which takes up to twenty minutes for each, once; ${PACKAGED} compiles none.`;
}

/** Whether a guest could be started as `machine.ts` does it. */
async function mayNamespace(): Promise<boolean> {
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  return run('setpriv', contained(asRoot, ['true']), { what: 'Trying a namespace', code: 'namespace' }).then(
    () => true,
    () => false,
  );
}
