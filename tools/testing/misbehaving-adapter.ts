/**
 * An adapter that misbehaves in one way, as people's programs do: `node tools/testing/misbehaving-adapter.ts MODE`. It is the
 * simulator, whose answers are spoiled. Whoever talks to adapters is tested with it.
 */
import { once } from 'node:events';
import { closeSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Observation } from '../../spec/observation.ts';
import type { Answer, Command, Event, Started } from '../../spec/protocol.ts';
import { parseLine } from '../../adapters/simulator/commands.ts';
import { Simulator } from '../../adapters/simulator/simulator.ts';

/** What comes in place of the events that answer a command: events, or lines as they are; undefined ends the adapter. */
type Spoil = (events: readonly Event[], command: Command) => Promise<readonly (Event | Buffer)[]>;

const MIB = 1024 * 1024;
/** For ever, as far as a test is concerned; a timer keeps the process alive, which a promise does not. */
const FOREVER_MS = 1_000_000_000;

let answered = 0;

const isAnswer = (event: Event): event is Answer => 'result' in event;
const line = (text: string): Buffer => Buffer.from(`${text}\n`);

async function hang(): Promise<never> {
  await sleep(FOREVER_MS);
  throw new Error('the end of time');
}

/** Writes as fast as it is read. */
async function write(chunk: Buffer): Promise<void> {
  if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
}

/** Does something to the answers of programs, and leaves everything else as it is. */
function answers(change: (answer: Answer, all: readonly Event[]) => readonly (Event | Buffer)[]): Spoil {
  return (events) => Promise.resolve(events.flatMap((event) => (isAnswer(event) ? change(event, events) : [event])));
}

/** Does something to the observations of programs. */
function observations(change: (observation: Observation) => Observation): Spoil {
  return answers((answer) => {
    if (answer.result !== 'observed') return [answer];
    return [{ ...answer, steps: answer.steps.map(change), end: change(answer.end) }];
  });
}

/** Does something before a command of this kind is answered. */
function before(cmd: Command['cmd'], action: () => Promise<void> | void): Spoil {
  return async (events, command) => {
    if (command.cmd === cmd) await action();
    return events;
  };
}

function started(change: (event: Started) => object): Spoil {
  return (events) => {
    return Promise.resolve(
      events.map((event) => {
        return 'event' in event && event.event === 'started' ? line(JSON.stringify(change(event))) : event;
      }),
    );
  };
}

function without(level: 'layout' | 'frames' | 'callbacks'): Spoil {
  return observations((observation) => {
    const rest = { ...observation };
    Reflect.deleteProperty(rest, level);
    return rest;
  });
}

/** Ends after so many answers in all. */
function diesAfter(count: number, die: () => void): Spoil {
  return answers((answer) => {
    if (answered++ >= count) die();
    return [answer];
  });
}

const MODES = {
  'logs-to-stderr': before('run', () => {
    for (let count = 0; count < 50; count++) writeSync(2, `${'many words, '.repeat(10_000)}\n`.repeat(10));
  }),
  'logs-to-stdout': before('run', () => write(line('DEBUG: running some programs'))),
  'dies-at-start': before('start', () => {
    console.error('Traceback: something is missing');
    process.exit(7);
  }),
  'dies-at-configure': before('configure', () => process.exit(7)),
  'dies-at-run': before('run', () => process.exit(7)),
  'dies-now-and-then': diesAfter(45, () => process.exit(7)),
  'is-killed-now-and-then': diesAfter(45, () => process.kill(process.pid, 'SIGKILL')),
  'dies-of-mprotect': (events, command) => {
    const programs = command.cmd === 'run' ? command.programs : [];
    const deadly = programs.findIndex(({ ops }) => ops.some(({ op }) => op === 'mprotect'));
    if (deadly === -1) return Promise.resolve(events);
    return Promise.resolve([...events.slice(0, deadly), Buffer.alloc(0)]);
  },
  'hangs-at-start': before('start', hang),
  'hangs-at-configure': before('configure', hang),
  'hangs-at-run': before('run', hang),
  'hangs-now-and-then': async (events) => {
    const due = events.filter(isAnswer).length;
    answered += due;
    if (answered <= 45 || due < 2) return events;
    for (const event of events.slice(0, 1)) await write(line(JSON.stringify(event)));
    return hang();
  },
  'is-late': before('run', () => sleep(answered++ === 0 ? 1500 : 0)),
  'answers-twice': answers((answer) => [answer, answer]),
  'answers-out-of-order': (events) => Promise.resolve(events.some(isAnswer) ? events.toReversed() : events),
  'answers-with-another-seq': answers((answer) => [{ ...answer, seq: answer.seq + 40 }]),
  'configures-twice': (events, command) => {
    return Promise.resolve(command.cmd === 'configure' ? [...events, ...events] : events);
  },
  'prints-garbage': before('run', () =>
    write(Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7) % 128))),
  ),
  'prints-no-utf8': before('run', () => write(Buffer.from([0x7b, 0xff, 0xfe, 0x0a]))),
  'prints-colours': before('run', () => write(line('\u001b[2J\u001b[31mRED'))),
  'prints-a-gigabyte': before('run', async () => {
    const chunk = Buffer.alloc(MIB, 'x');
    for (let count = 0; count < 1024; count++) await write(chunk);
    await write(line(''));
  }),
  'prints-for-ever': before('run', async () => {
    const chunk = Buffer.from('{"event":"stopped"}\n'.repeat(10_000));
    for (;;) await write(chunk);
  }),
  'closes-stdout': before('run', async () => {
    closeSync(1);
    await hang();
  }),
  'cannot-be-ended': before('start', () => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
    setInterval(() => undefined, FOREVER_MS);
  }),
  'lacks-layout': without('layout'),
  'lacks-frames': without('frames'),
  'lacks-callbacks': without('callbacks'),
  'answers-with-too-few-steps': answers((answer) => [
    answer.result === 'observed' ? { ...answer, steps: answer.steps.slice(1) } : answer,
  ]),
  'answers-with-too-many-steps': answers((answer) => [
    answer.result === 'observed' ? { ...answer, steps: [answer.end, ...answer.steps] } : answer,
  ]),
  'answers-as-if-repeated': answers(({ seq, index }) => [{ seq, index, result: 'repeated', times: 1, pagesLost: 0 }]),
  'answers-with-a-wrong-field': answers((answer) => [line(JSON.stringify({ ...answer, steps: 'none', extra: 1 }))]),
  'refuses-the-version': (events, command) => {
    const message = 'I speak version 3 only';
    return Promise.resolve(command.cmd === 'start' ? [{ event: 'refused', message }] : events);
  },
  'starts-with-another-version': started((event) => ({ ...event, version: 3 })),
  'claims-an-unknown-operation': started((event) => ({ ...event, operations: [...event.operations, 'teleport'] })),
  'has-an-unknown-kernel': started((event) => ({ ...event, kernel: { ...event.kernel, release: 'banana' } })),
  'refuses-the-contract': (events, command) => {
    if (command.cmd !== 'configure') return Promise.resolve(events);
    return Promise.resolve([
      { event: 'configured', seq: command.seq, ok: false, message: 'there is no such device here' },
    ]);
  },
  'refuses-to-run': (events, command) => {
    return Promise.resolve(command.cmd === 'run' ? [{ event: 'refused', message: 'not today' }] : events);
  },
  'errs-always': answers(({ seq, index }) => [{ seq, index, result: 'errored', message: 'the device is gone' }]),
  'skips-always': answers(({ seq, index }) => [{ seq, index, result: 'skipped', reason: 'too difficult' }]),
  'claims-what-it-lacks': (events, command) => {
    const programs = command.cmd === 'run' ? command.programs : [];
    const lacking = answers((answer) => {
      if (answer.result !== 'observed') return [answer];
      const ops = programs[answer.index]?.ops ?? [];
      const steps = answer.steps.map((step, index) =>
        ops[index]?.op === 'mprotect' ? { ...step, outcome: { errno: 'ENOSYS' } } : step,
      );
      return [{ ...answer, steps }];
    });
    return lacking(events, command);
  },
  'ends-in-half-a-line': before('run', () => {
    writeSync(1, '{"seq":2,"index":0,"result":');
    process.exit(0);
  }),
  'remembers-programs': (events, command) => {
    // What was opened by earlier programs stays open, so numbers go up.
    const open =
      command.cmd === 'run' ? command.programs.filter(({ ops }) => ops.some(({ op }) => op === 'open')).length : 0;
    answered += open;
    const shift = answered - open;
    if (shift === 0) return Promise.resolve(events);
    const lied = observations((observation) => {
      return 'ret' in observation.outcome && observation.outcome.ret === 0
        ? { ...observation, outcome: { ret: shift } }
        : observation;
    });
    return lied(events, command);
  },
  'dies-of-nonsense': (events) => Promise.resolve(events),
  'cannot-be-stopped': before('stop', hang),
} as const satisfies Record<string, Spoil>;

type Mode = keyof typeof MODES;

/** Those that do not survive a line that is no command. */
const FRAGILE: ReadonlySet<string> = new Set<Mode>(['dies-of-nonsense']);

function isMode(name: string): name is Mode {
  return Object.hasOwn(MODES, name);
}

async function serve(mode: Mode): Promise<void> {
  const simulator = new Simulator();
  process.stdin.setEncoding('utf8');
  let pending = '';
  for await (const chunk of process.stdin) {
    const lines = (pending + String(chunk)).split('\n');
    pending = lines.pop() ?? '';
    for (const text of lines) {
      const { command, refusal } = parseLine(text);
      if (command === null) {
        if (FRAGILE.has(mode)) throw new Error('what is that?');
        await write(line(JSON.stringify(refusal)));
        continue;
      }
      const spoil: Spoil = MODES[mode];
      for (const event of await spoil(simulator.handle(command), command)) {
        if (Buffer.isBuffer(event) && event.length === 0) process.exit(7);
        await write(Buffer.isBuffer(event) ? event : line(JSON.stringify(event)));
      }
      if (command.cmd === 'stop' && mode !== 'cannot-be-ended') process.exit(0);
    }
  }
}

const [mode = ''] = process.argv.slice(2);
process.stdout.on('error', () => undefined);
if (isMode(mode)) {
  await serve(mode);
} else {
  console.error(`usage: node tools/testing/misbehaving-adapter.ts MODE\nmodes: ${Object.keys(MODES).join(', ')}`);
  process.exitCode = 2;
}
