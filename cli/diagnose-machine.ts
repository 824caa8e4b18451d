import { execa } from 'execa';
import type { Finding } from '../adapters/linux/diagnose.ts';
import { installCommand } from '../adapters/linux/packages.ts';
import { MANIFEST } from '../adapters/manifest.ts';

/** What every target needs (this version of Node), and what builds the helper. */
export async function diagnoseMachine(): Promise<Finding[]> {
  return [diagnoseNode(), diagnoseUser(), await diagnoseCompiler(), await diagnoseLibrary()];
}

function diagnoseNode(): Finding {
  const wanted = Number(/\d+/.exec(MANIFEST.engines.node)?.[0]);
  const running = process.versions.node;
  const ok = Number(running.split('.')[0]) >= wanted;
  const detail = `${running} (${MANIFEST.engines.node} is needed)`;
  return ok ? { name: 'node', ok, detail } : { name: 'node', ok, detail, fix: 'npm ci' };
}

/** Root is needed for nothing but packages. */
function diagnoseUser(): Finding {
  const root = process.getuid?.() === 0;
  const detail = root
    ? 'Root: `prepare` and `run --install` install packages.'
    : 'Not root: `prepare` and `run --install` install packages with sudo; nothing else needs root.';
  return { name: 'user', ok: true, detail };
}

async function diagnoseCompiler(): Promise<Finding> {
  const { exitCode, stdout } = await execa('gcc', ['--version'], { reject: false });
  if (exitCode === 0) return { name: 'compiler', ok: true, detail: stdout.split('\n')[0] ?? '' };
  const detail = 'There is no C compiler; it builds the helper.';
  return { name: 'compiler', ok: false, detail, fix: installCommand(['gcc', 'libc6-dev']) };
}

/** The helper is linked statically, so the archive is needed and not only the headers. */
async function diagnoseLibrary(): Promise<Finding> {
  const input = '#include <stdlib.h>\nint main(void) { return EXIT_SUCCESS; }\n';
  const args = ['-x', 'c', '-', '-static', '-o', '/dev/null'];
  const { exitCode } = await execa('gcc', args, { input, reject: false });
  if (exitCode === 0) return { name: 'C library', ok: true, detail: 'Headers and static library are there.' };
  const detail = 'The helper cannot be linked with it.';
  return { name: 'C library', ok: false, detail, fix: installCommand(['libc6-dev']) };
}
