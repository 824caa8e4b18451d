import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { QmpClient } from './qmp.ts';

interface Command {
  readonly execute: string;
  readonly arguments: Record<string, unknown>;
  readonly id: number;
}

/** What QEMU does about a command: it writes messages, or lines as they are, or ends. */
type Behaviour = (command: Command, say: (...messages: (object | string)[]) => void, socket: Socket) => void;

let directory: string;
let server: Server;
let client: QmpClient;
const commands: Command[] = [];

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'qmp-'));
  commands.length = 0;
});

afterEach(async () => {
  server.close();
  await rm(directory, { recursive: true });
});

/** Connects a client to a small server that greets as QEMU does and then behaves like this. */
async function start(behave: Behaviour): Promise<void> {
  server = createServer((socket) => {
    const say = (...messages: (object | string)[]): void => {
      for (const message of messages) {
        socket.write(typeof message === 'string' ? `${message}\n` : `${JSON.stringify(message)}\n`);
      }
    };
    say({ QMP: { version: { qemu: { major: 7 } }, capabilities: [] } });
    createInterface({ input: socket }).on('line', (line) => {
      const command = JSON.parse(line) as Command;
      commands.push(command);
      behave(command, say, socket);
    });
  });
  server.listen(path.join(directory, 'qmp'));
  await once(server, 'listening');
  client = new QmpClient(connect(path.join(directory, 'qmp')));
}

const migration = (status: string): object => ({ event: 'MIGRATION', data: { status }, timestamp: { seconds: 1 } });
const error = (id: number, desc: string): object => ({ error: { class: 'GenericError', desc }, id });

describe('commands', () => {
  test('are answered by number, whatever comes in between and in whatever order', async () => {
    let first: Command | undefined;
    await start((command, say) => {
      if (first === undefined) first = command;
      else say({ event: 'STOP' }, { return: 'second', id: command.id }, { return: { first: true }, id: first.id });
    });
    const answers = [client.execute('query-status'), client.execute('stop', { now: true })];
    expect(await Promise.all(answers)).toEqual([{ first: true }, 'second']);
    expect(commands).toEqual([
      { execute: 'query-status', arguments: {}, id: 1 },
      { execute: 'stop', arguments: { now: true }, id: 2 },
    ]);
  });

  test('that are refused say why, and the next one is answered', async () => {
    await start(({ id }, say) => say(id === 1 ? error(id, 'The command has not been found') : { return: {}, id }));
    await expect(client.execute('fly')).rejects.toMatchObject({
      kind: 'target',
      code: 'qmp-error',
      message: 'QEMU refused a command: The command has not been found',
    });
    expect(await client.execute('cont')).toEqual({});
  });

  test('that nobody gave are not answered', async () => {
    const stray = { error: { class: 'GenericError', desc: 'no JSON' } };
    await start(({ id }, say) => say({ return: 'x', id: 99 }, error(98, 'x'), stray, { return: 'mine', id }));
    expect(await client.execute('cont')).toBe('mine');
  });
});

test('negotiation leaves the first mode, then asks for the events of a migration', async () => {
  await start(({ id }, say) => say({ return: {}, id }));
  await client.negotiate();
  expect(commands.map(({ execute }) => execute)).toEqual(['qmp_capabilities', 'migrate-set-capabilities']);
  expect(commands[1]?.arguments).toEqual({ capabilities: [{ capability: 'events', state: true }] });
});

describe('a migration', () => {
  test('is over when QEMU says that it is complete, not when the command is answered', async () => {
    let say: (...messages: object[]) => void = () => undefined;
    await start(({ id }, write) => {
      say = write;
      write({ return: {}, id }, migration('setup'), migration('active'), { event: 'MIGRATION' });
    });
    let isOver = false;
    const migrated = client.migrate('migrate', { uri: 'unix:/x' }).then(() => (isOver = true));
    await client.execute('query-migrate');
    expect(isOver).toBe(false);
    say(migration('completed'));
    await migrated;
    expect(commands[0]).toMatchObject({ execute: 'migrate', arguments: { uri: 'unix:/x' } });
  });

  test.each(['failed', 'cancelled'])('that has %s is an error', async (status) => {
    await start(({ id }, say) => say({ return: {}, id }, migration(status)));
    await expect(client.migrate('migrate', {})).rejects.toMatchObject({
      code: 'qmp-error',
      message: `QEMU reports that the transfer of the machine state has ${status}.`,
    });
  });

  test('that is refused is an error', async () => {
    await start(({ id }, say) => say(error(id, 'no such file')));
    await expect(client.migrate('migrate-incoming', {})).rejects.toThrow('QEMU refused a command: no such file');
  });
});

describe('nobody waits for a QEMU that is gone', () => {
  test('what was under way when it ended is rejected, and what comes later', async () => {
    await start((_command, _say, socket) => socket.destroy());
    const message = 'QEMU closed its machine protocol.';
    const waiting = [client.execute('stop'), client.execute('cont'), client.migrate('migrate', {})];
    for (const settled of await Promise.allSettled(waiting)) {
      expect(settled).toMatchObject({ status: 'rejected', reason: { kind: 'target', code: 'qmp-error', message } });
    }
    await expect(client.execute('cont')).rejects.toThrow(message);
  });

  test.each(['no JSON', '{"unknown":1}'])('nor for one that says %s', async (line) => {
    await start((_command, say) => say(line));
    await expect(client.execute('cont')).rejects.toThrow(/^The machine protocol of QEMU broke: /);
    await expect(client.execute('cont')).rejects.toThrow(/^The machine protocol of QEMU broke: /);
  });
});
