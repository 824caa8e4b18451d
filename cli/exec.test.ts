import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it, onTestFinished } from 'vitest';
import { buildHelper } from '../adapters/native/build.ts';
import { readJournal } from '../reports/read-journal.ts';
import { quote } from './invocation.ts';
import { spawnCli, temporaryDirectory } from '../tools/testing/spawn-cli.ts';

const SSHD = '/usr/sbin/sshd';

/** A port on the loopback that is free now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/**
 * Starts a real sshd of this user's, on the loopback, with keys and configuration that nobody else has.
 *
 * @returns the configuration for a client
 */
async function startServer(directory: string): Promise<string> {
  const [hostKey, key] = [join(directory, 'host_key'), join(directory, 'key')];
  for (const file of [hostKey, key]) await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  const port = await freePort();
  const keys = join(directory, 'authorized_keys');
  writeFileSync(keys, readFileSync(`${key}.pub`));
  const server = join(directory, 'sshd_config');
  const settings = [
    ['Port', String(port)],
    ['ListenAddress', '127.0.0.1'],
    ['HostKey', hostKey],
    ['AuthorizedKeysFile', keys],
    ['PidFile', 'none'],
    ['StrictModes', 'no'],
    ['UsePAM', 'no'],
    ['PasswordAuthentication', 'no'],
    ['KbdInteractiveAuthentication', 'no'],
    ['PermitRootLogin', 'prohibit-password'],
  ];
  writeFileSync(server, settings.map((setting) => `${setting.join(' ')}\n`).join(''));
  // Started by root, sshd wants an empty directory to lock its children into; the service would make it.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const child = spawn(SSHD, ['-D', '-e', '-f', server], { stdio: ['ignore', 'ignore', 'pipe'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  await expect.poll(() => log, { timeout: 20_000 }).toContain('Server listening');
  const known = join(directory, 'known_hosts');
  writeFileSync(known, `[127.0.0.1]:${String(port)} ${readFileSync(`${hostKey}.pub`, 'utf8')}`);
  const client = join(directory, 'ssh_config');
  const options = [
    ['Host', 'board'],
    ['HostName', '127.0.0.1'],
    ['Port', String(port)],
    ['User', userInfo().username],
    ['IdentityFile', key],
    ['IdentitiesOnly', 'yes'],
    ['UserKnownHostsFile', known],
    ['BatchMode', 'yes'],
  ];
  writeFileSync(client, options.map((option) => `${option.join(' ')}\n`).join(''));
  return client;
}

it.skipIf(!existsSync(SSHD))(
  'exec: reaches the helper through a real sshd, and says what is wrong with a connection',
  async () => {
    const directory = temporaryDirectory();
    const config = await startServer(directory);
    const helper = await buildHelper();
    const run = (command: string) => {
      const about = [
        '--contract',
        'pages_mmap',
        '--property',
        'lockstep',
        '--programs',
        '100',
        '--seed',
        '1',
        '--out',
        'o',
      ];
      return spawnCli(directory, ['run', '--target', `exec:${command}`, ...about]);
    };
    const ssh = `ssh -F ${quote(config)} board`;
    const good = await run(`${ssh} ${quote(helper)} --memfd`);
    expect(good.stderr).toContain('pass: every program behaved as the contract says');
    expect(good.exitCode).toBe(0);
    const [, started] = readJournal(join(directory, 'o', 'journal.jsonl')).entries;
    expect(started).toMatchObject({ type: 'target', implementation: { name: 'memfd' } });
    const missing = await run(`${ssh} /no/such/helper`);
    expect(missing.stderr).toMatch(/did not answer `start`: The target ended by itself \(exit code 127\)/);
    expect(missing.stderr).toContain('/no/such/helper');
    expect(missing.exitCode).toBe(3);
  },
);
