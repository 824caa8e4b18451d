import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filesOf, installed, pack, removeFolders, runIn } from './install.ts';

let tarball = '';

beforeAll(async () => {
  tarball = await pack();
});
afterAll(removeFolders);

describe('the tarball', () => {
  it('has what a user needs', async () => {
    const files = await filesOf(tarball);
    expect(files).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'package.json',
        'cli/launch.js',
        'docs/questions.md',
        'docs/vitest.md',
        'docs/simulator-mutants.md',
        'spec/SPEC.md',
        'dist/api/index.d.ts',
        'dist/api/index.js',
        'dist/api/vitest.d.ts',
        'dist/api/vitest.js',
        'dist/cli/main.js',
        'dist/adapters/simulator/main.js',
        'dist/adapters/reference/main.js',
        'dist/adapters/linux/enter-root.sh',
        'dist/adapters/linux/init.c',
        'dist/adapters/native/Makefile',
        'dist/adapters/native/src/main.c',
        'dist/adapters/uml/config/base.config',
        'dist/adapters/uml/ledger/Kbuild',
        'dist/adapters/uml/ledger/ledger.c',
        'dist/adapters/uml/uml_port/uml_port.c',
        'dist/adapters/uml/patches/6.1/preempt-count.patch',
        'dist/kmod/COPYING',
        'dist/kmod/Kbuild',
        'dist/kmod/Makefile',
        'dist/kmod/compat.h',
        'dist/kmod/lkmc_mmap.c',
        'dist/kmod/pages_mmap.c',
        'dist/kmod/mutants/lkmc-read-ignores-position.patch',
        'dist/properties/corpus/cow-and-fork.json',
        'dist/spec/contracts/lkmc_mmap.json',
        'dist/spec/contracts/pages_mmap.json',
        'dist/spec/schemas/contract.json',
        'dist/spec/schemas/protocol-command.json',
      ]),
    );
  });

  it('has nothing else', async () => {
    const files = await filesOf(tarball);
    const expected = [
      /^(LICENSE|README\.md|package\.json|cli\/launch\.js|docs\/[\w-]+\.md|spec\/SPEC\.md|spec\/schemas\/[\w-]+\.json)$/,
      // Links of the pages lead there, and the tutorial begins with a copy.
      /^examples\/[\w-]+\/[\w.-]+$/,
      /^dist\/(adapters|api|cli|model|properties|reports|spec)\/[\w/-]+\.(js|d\.ts)$/,
      /^dist\/adapters\/(linux|native\/src|uml\/(ledger|uml_port))\/[\w-]+\.[ch]$/,
      /^dist\/adapters\/((linux|uml)\/[\w-]+\.sh|native\/Makefile|uml\/(ledger|uml_port)\/Kbuild)$/,
      /^dist\/adapters\/uml\/(config\/\w+\.config|patches\/[\w.-]+\/[\w-]+\.patch)$/,
      /^dist\/kmod\/([\w-]+\.[ch]|Kbuild|Makefile|COPYING|mutants\/[\w-]+\.patch)$/,
      /^dist\/(properties\/corpus|spec\/contracts|spec\/schemas)\/[\w-]+\.json$/,
    ];
    expect(files.filter((file) => !expected.some((pattern) => pattern.test(file)))).toEqual([]);
    // What tests and measurements are made of.
    const ours = files.filter((file) => !file.startsWith('examples/'));
    expect(ours.filter((file) => /\.test\.|fixture|bench|spawn-cli|try-campaign|provision/.test(file))).toEqual([]);
  });

  it('is a package that publint finds nothing wrong with', async () => {
    const content = await readFile(tarball);
    const buffer = content.buffer.slice(content.byteOffset, content.byteOffset + content.byteLength);
    const { messages } = await publint({ pack: { tarball: buffer }, strict: true });
    expect(messages).toEqual([]);
  });
});

describe('installed in an empty folder, with the machine’s own Node', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await installed(tarball);
  });
  const conform = (...args: string[]) => runIn(folder, 'npx', ['--no', 'mmap-conformance', '--', ...args]);

  it('`targets` says what there is', async () => {
    const { exitCode, all } = await conform('targets');
    expect(all).toMatch(/^sim +ready/m);
    expect(exitCode).toBe(0);
  });

  it.each(['sim', 'reference', 'memfd', 'kernel:6.12'])('`run --target %s` passes', async (target) => {
    const { exitCode, all } = await conform('run', '--target', target, '--programs', '50', '--seed', '1');
    expect(all).toContain('pass: every program behaved as the contract says');
    expect(exitCode).toBe(0);
  });

  it('an adapter in another language is checked, and run', async () => {
    const adapter = 'python3 node_modules/mmap-conformance/examples/python-adapter/adapter.py';
    const checked = await conform('adapter', 'check', adapter, '--contract', 'pages_mmap');
    expect(checked.exitCode, checked.all).toBe(0);
    const about = ['--contract', 'pages_mmap', '--property', 'lockstep', '--programs', '50', '--seed', '1'];
    const { exitCode, all } = await conform('run', '--adapter', adapter, ...about);
    expect(exitCode, all).toBe(0);
  });

  it('what it prints to replay a failure can be pasted', async () => {
    const fault = ['--target', 'mutant:range-off-by-one', '--contract', 'pages_mmap', '--property', 'lockstep'];
    const { exitCode, all } = await conform('run', ...fault, '--programs', '50', '--seed', '1');
    expect(exitCode, all).toBe(1);
    const [, file] = /replay: npx mmap-conformance replay (\S+) --target mutant:range-off-by-one/.exec(all) ?? [];
    const replayed = await conform('replay', file ?? '', '--target', 'mutant:range-off-by-one');
    expect(replayed.all).toContain('disagrees');
    expect(replayed.exitCode).toBe(1);
  });

  it('exit codes come through', async () => {
    expect((await conform('run', '--target', 'simm')).exitCode).toBe(2);
  });
});

describe('the example of a vitest suite', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await installed(tarball, 'vitest-suite');
  });
  const vitest = (...args: string[]) => runIn(folder, 'npx', ['--no', 'vitest', '--', 'run', ...args]);

  it('compiles in strict mode against the types of the package', async () => {
    const { exitCode, all } = await runIn(folder, 'npx', ['--no', 'tsc']);
    expect(all).not.toContain('error TS');
    expect(exitCode).toBe(0);
  });

  it('passes for an object and for a command; what is not offered is skipped with the reason', async () => {
    const { exitCode, all } = await vitest('page-device', 'command', '--reporter=verbose');
    expect(all).toMatch(/Test Files +2 passed \(2\)/);
    expect(all).toMatch(/↓ .* > failures .*the target lets nothing fail on demand/);
    expect(exitCode).toBe(0);
  });

  it('shows what a wrong device does as vitest shows its own failures', async () => {
    const { exitCode, all } = await vitest('wrong-device');
    expect(exitCode).toBe(1);
    expect(all).toContain('FAIL  wrong-device.test.ts > the adapter conforms to lkmc_mmap > lockstep');
    expect(all).toContain(`AssertionError: breaks READ-01 on the level outcome, at operation 2
  MUST: read yields the buffer’s bytes from the position and moves it by as many. (contract, read; read(2))
      0  p0: d0 = open(rw)
      1  p0: write(d0, "x")
  >   2  p0: read(d0, 1)
  shrunk from 9 to 3 operations
  the run again: { seed: 1 }
  this program again: { replay: 'mc1-`);
    expect(all).toMatch(/- Expected\n\+ Received\n/);
    expect(all).toMatch(/^-\s+"data": "78",$\n^\+\s+"data": "73",$/m);
    // The line of the user's own file.
    expect(all).toMatch(/❯ wrong-device\.test\.ts:8:1/);
  });

  it('runs only the program of a token', async () => {
    const { all } = await vitest('wrong-device');
    const [, token = ''] = /replay: '(mc1-[\w-]+)'/.exec(all) ?? [];
    const file = path.join(folder, 'wrong-device.test.ts');
    const source = await readFile(file, 'utf8');
    await writeFile(file, source.replace(/properties: .* \}/, `replay: '${token}' }`));
    const replayed = await vitest('wrong-device');
    expect(replayed.all).toContain('lockstep, replayed');
    expect(replayed.all).toContain('>   2  p0: read(d0, 1)');
    expect(replayed.exitCode).toBe(1);
  });
});
