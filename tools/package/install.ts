import { cp, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';

const ROOT = path.join(import.meta.dirname, '../..');

/** The environment of somebody else: the machine's own Node and npm, and nothing that npm has told its scripts. */
const ENVIRONMENT = {
  HOME: homedir(),
  PATH: (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((entry) => !entry.includes('node_modules'))
    .join(path.delimiter),
  NO_COLOR: '1',
};

const folders: string[] = [];

/** A folder for a test, where nothing lies above it that Node or npm would look into. */
async function emptyFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'mmap-conformance-package-')));
  folders.push(folder);
  return folder;
}

export async function removeFolders(): Promise<void> {
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
}

/** Packs the package as it would be published, and returns the tarball's path. */
export async function pack(): Promise<string> {
  const folder = await emptyFolder();
  const { stdout } = await execa('npm', ['pack', '--json', '--pack-destination', folder], { cwd: ROOT });
  // What the build prints comes before it.
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as [{ filename: string }];
  return path.join(folder, filename);
}

/** The paths of the files in a tarball, without the folder that all of them lie in. */
export async function filesOf(tarball: string): Promise<string[]> {
  const { stdout } = await execa('tar', ['--list', '--file', tarball]);
  return stdout.split('\n').map((file) => file.replace(/^package\//, ''));
}

/** Runs a command in a folder as its user would. Never rejects: tests look at the exit code. */
export function runIn(folder: string, command: string, args: readonly string[]) {
  return execa(command, args, { cwd: folder, env: ENVIRONMENT, extendEnv: false, reject: false, all: true });
}

/** Installs a tarball in an empty folder, or in a copy of an example. */
export async function installed(tarball: string, example?: string): Promise<string> {
  const folder = await emptyFolder();
  if (example === undefined) await writeFile(path.join(folder, 'package.json'), '{ "private": true }\n');
  else await cp(path.join(ROOT, 'examples', example), folder, { recursive: true });
  const { exitCode, all } = await runIn(folder, 'npm', ['install', '--no-audit', '--no-fund', tarball]);
  if (exitCode !== 0) throw new Error(`npm install failed: ${all}`);
  return folder;
}
