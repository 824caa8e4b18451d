import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import type { Contract } from '../../spec/contract.ts';
import { loadContract } from '../../spec/io/load.ts';
import { LEVELS } from '../../spec/observation.ts';
import type { Operation } from '../../spec/program.ts';
import { type Command, Event, PROTOCOL_VERSION } from '../../spec/protocol.ts';
import { parseLine } from './commands.ts';
import type { MutantName } from './mutants.ts';
import { actor, type Device, maps, observe, placed, yields } from '../../tools/testing/simulator.ts';
import { Simulator } from './simulator.ts';

const { open, close, read, write, mmap, munmap, load, store, fork, checkpoint } = actor('p0');
const PAGE = 4096;

const start: Command = { cmd: 'start', version: PROTOCOL_VERSION };
const stop: Command = { cmd: 'stop' };
const configure = (device: Device): Extract<Command, { cmd: 'configure' }> => {
  return { cmd: 'configure', seq: 1, contract: loadContract(device), levels: [...LEVELS] };
};
const run = (ops: Operation[], rest = {}): Command => ({
  cmd: 'run',
  seq: 2,
  programs: [{ version: 2, ops }],
  ...rest,
});

function converse(...commands: Command[]): Event[] {
  const simulator = new Simulator();
  return commands.flatMap((command) => simulator.handle(command)).map((event) => Event.parse(event));
}

describe('protocol', () => {
  test('start names everything', () => {
    expect(converse(start)[0]).toMatchObject({ event: 'started', levels: LEVELS, repeat: true });
  });

  test.each([
    ['5.10', true, false],
    ['6.1', true, false],
    ['6.12', true, true],
    ['7.3', false, true],
  ] as const)('it says that it is %s, and how that is configured', (series, memForce, memoryFailure) => {
    const started = Event.parse(new Simulator({ series }).handle(start)[0]);
    expect(started).toMatchObject({
      kernel: { release: `${series}.0-sim` },
      facts: { memForce, memoryFailure, samePageMerging: true, hugePages: true, stepwiseCopies: true },
      settings: ['addressSpace', 'descriptors', 'locked', 'areas'],
    });
  });

  test('another version is refused with what to do', () => {
    expect(converse({ cmd: 'start', version: 7 })[0]).toEqual({
      event: 'refused',
      message: expect.stringMatching(new RegExp(`version ${String(PROTOCOL_VERSION)} .* not version 7: use`)) as string,
    });
  });

  test('commands out of order are refused', () => {
    expect(converse(run([]))[0]).toMatchObject({ event: 'refused', message: 'Send "start" before "run".' });
    expect(converse(start, run([]))[1]).toMatchObject({ event: 'refused' });
  });

  test('a contract that reaches beyond its buffer is refused', () => {
    const contract = { ...loadContract('lkmc_mmap'), read: { size: 5000 } };
    expect(converse(start, { ...configure('lkmc_mmap'), contract })[1]).toMatchObject({ ok: false });
  });

  test('only the levels that were asked for are observed', () => {
    const [, , answer] = converse(
      start,
      { ...configure('lkmc_mmap'), levels: ['outcome'] },
      run([open(), checkpoint()]),
    );
    expect(answer).toMatchObject({
      steps: [{ outcome: { ret: 0 } }, { outcome: { ret: 0 } }],
      end: { outcome: { ret: 0 } },
    });
    expect(JSON.stringify(answer)).not.toMatch(/layout|callbacks|frames/);
  });

  test('the layout can be observed after every operation', () => {
    const ops = [open(), mmap('m0'), munmap('m0')];
    const [, , answer] = converse(start, configure('pages_mmap'), run(ops, { layout: 'every' }));
    const layout = { p0: ['31+1 rw-s 0 rd wr sh mr mw me ms sd'] };
    expect(answer).toMatchObject({ steps: [{ layout: {} }, { layout }, { layout: {} }], end: { layout: {} } });
  });

  test('every program starts clean', () => {
    const ops = [open(), write('ZXCV'), mmap('m0'), fork('p1'), load('m0', 5)];
    for (const device of ['lkmc_mmap', 'pages_mmap'] as const) {
      const events = converse(start, configure(device), run(ops), run(ops));
      expect(events[3]).toEqual(events[2]);
    }
  });

  test('repeat answers with lost memory', () => {
    const ops = [open(), mmap('m0', 8192, { type: 'private' }), store('m0'), fork('p1'), actor('p1').store('m0')];
    const [, , answer] = converse(start, configure('lkmc_mmap'), run(ops, { repeat: 50 }));
    expect(answer).toEqual({ seq: 2, index: 0, result: 'repeated', times: 50, pagesLost: 0 });
  });
});

describe('lines', () => {
  test.each([
    ['{', /not JSON/],
    ['7', /no command/],
    ['{"cmd":"start"}', /version/],
    ['{"cmd":"run","seq":1,"programs":[{"version":1,"ops":[]}]}', /version/],
    ['{"cmd":"run","seq":1,"programs":[{"version":2,"ops":[{"op":"jump","actor":"p0"}]}]}', /op/],
  ])('%s is refused', (line, reason) => {
    const { refusal } = parseLine(line);
    expect(refusal).toMatchObject({ event: 'refused', message: expect.stringMatching(reason) as string });
  });

  test('a wrong field is explained when it matters, and the next program runs', () => {
    const good = { version: 2, ops: [{ op: 'open', actor: 'p0', to: 'd0', access: 'rw' }] };
    const bad = { version: 2, ops: [...good.ops, { op: 'load', actor: 'p0', at: { arena: 0 }, length: -1 }] };
    const { command } = parseLine(JSON.stringify({ cmd: 'run', seq: 3, programs: [bad, good] }));
    if (command === null) throw new Error('the outline is right');
    const [, , broken, next] = converse(start, configure('lkmc_mmap'), command);
    expect(broken).toMatchObject({
      result: 'errored',
      step: 1,
      message: expect.stringMatching(/ops\[1\]\.length/) as string,
    });
    expect(next).toMatchObject({ result: 'observed', steps: [{ callbacks: ['open'] }] });
  });
});

describe('as a process', () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const simulate = (input: string, ...options: string[]) => {
    return execa(process.execPath, [main, ...options], { input, reject: false });
  };

  test('it speaks lines and ends with stop', async () => {
    const commands = [start, configure('lkmc_mmap'), run([open()]), stop, start];
    const { stdout, exitCode } = await simulate(commands.map((command) => JSON.stringify(command)).join('\n'));
    const events = stdout.split('\n').map((line) => Event.parse(JSON.parse(line)));
    expect(events).toMatchObject([{ event: 'started' }, { ok: true }, { result: 'observed' }, { event: 'stopped' }]);
    expect(exitCode).toBe(0);
  });

  test('it survives garbage and the end of its input', async () => {
    const { stdout, exitCode } = await simulate('garbage\n\n{}\n');
    expect(stdout.split('\n').map((line) => Event.parse(JSON.parse(line)))).toMatchObject([
      { event: 'refused' },
      { event: 'refused' },
    ]);
    expect(exitCode).toBe(0);
  });

  test('a mutant is named on the command line, and an unknown one is wrong usage', async () => {
    const faulty = await simulate(JSON.stringify(start), '--mutant', 'missing-get-page');
    expect(faulty.stdout).toContain('simulator with missing-get-page');
    const unknown = await simulate('', '--mutant', 'nonsense');
    expect(unknown.exitCode).toBe(2);
    expect(unknown.stderr).toMatch(/no mutant "nonsense".*range-off-by-one/);
    expect((await simulate('', '--nonsense')).exitCode).toBe(2);
    expect((await simulate('', '--kernel', '4.4')).stderr).toMatch(/no kernel "4.4".*5.10, 6.1, 6.12, 7.3/);
  });
});

const failedOpen = (nth: number): Operation => {
  return { op: 'open', actor: 'p0', to: 'd0', access: 'rw', fail: { what: 'allocation', nth } };
};
const failedRead = (nth = 1): Operation => ({
  op: 'read',
  actor: 'p0',
  fd: 'd0',
  length: 1,
  fail: { what: 'copy', nth },
});

describe('what fails on demand', () => {
  test('the allocations of an open, one by one, of which nothing is left', () => {
    expect(yields('lkmc_mmap', [failedOpen(1), failedOpen(2), failedOpen(3)])).toBe(
      '-ENOMEM failed{open} -ENOMEM failed{open} 0{open} end{release}',
    );
    expect(yields('pages_mmap', [failedOpen(1)])).toContain('0{open} end{release}');
  });

  test('a copy: the position stays, and the bytes to be written are zero', () => {
    const failedWrite: Operation = {
      op: 'write',
      actor: 'p0',
      fd: 'd0',
      data: { text: 'xyz', length: 3 },
      fail: { what: 'copy', nth: 1 },
    };
    expect(yields('lkmc_mmap', [open(), failedRead(), failedRead(2), failedWrite, read(4)])).toBe(
      "0{open} -EFAULT failed{read(1@0)} 1'a'{read(1@0)} -EFAULT failed{write(3@1)} 3'··f'{read(4@1)} end{release}",
    );
  });

  test('a load of the module, which then works', () => {
    const reload = (nth: number): Operation => ({ op: 'reload', actor: 'p0', fail: { what: 'allocation', nth } });
    expect(yields('pages_mmap', [reload(1), reload(5), reload(6)])).toContain('-ENOMEM failed -ENOMEM failed 0');
  });
});

/** For some mutants a program that shows it, and the word in its answer that is wrong. */
const SHOWN: Partial<Record<MutantName, [device: Device, ops: Operation[], correct: string, faulty: string]>> = {
  'fault-hands-out-fresh-page': ['pages_mmap', [open(), mmap('m0'), load('m0')], "1'A'", "1'·'"],
  'read-ignores-position': ['lkmc_mmap', [open(), read(2), read(2)], "2'df'", "2'as'"],
  'write-honours-position': ['lkmc_mmap', [open(), write('Z'), write('X'), open('d1'), read(2)], "2'Xs'", "2'df'"],
  'open-shares-one-page': ['lkmc_mmap', [open(), write('Z'), open('d1'), read(1, 'd1')], "1'a'", "1'Z'"],
  'range-off-by-one': ['pages_mmap', [open(), mmap('m0', 5 * PAGE)], '-EINVAL{mmap}', '27{mmap}'],
  'missing-get-page': [
    'lkmc_mmap',
    [open(), mmap('m0'), load('m0'), munmap('m0'), open('d1'), write('Z', 1, 'd1'), read(1)],
    "1'a'{read",
    "1'Z'{read",
  ],
  'vm-close-not-called': ['lkmc_mmap', [open(), mmap('m0'), munmap('m0'), close()], '0{vm_close}', '0 0'],
  'release-frees-nothing': ['lkmc_mmap', [open()], '0{open}', 'remains 1 page of open'],
  'failed-open-keeps-page': ['lkmc_mmap', [failedOpen(1)], 'failed{open}', 'remains 1 page of open'],
  'failed-read-moves-position': ['lkmc_mmap', [open(), failedRead(), read(1)], "1'a'", "1's'"],
};

describe('mutants', () => {
  const shown = Object.entries(SHOWN).map(([mutant, show]) => [mutant as MutantName, ...show] as const);
  test.each(shown)('%s shows', (mutant, device, ops, correct, faulty) => {
    const [right, wrong] = [yields(device, ops), yields(device, ops, { mutant })];
    expect(right).toContain(correct);
    expect(wrong).toContain(faulty);
    expect(wrong).not.toBe(right);
  });

  test('release-frees-nothing loses a page for each open', () => {
    const simulator = new Simulator({ mutant: 'release-frees-nothing' });
    const answers = [start, configure('lkmc_mmap'), run([open(), open('d1')], { repeat: 10 })].flatMap((command) =>
      simulator.handle(command),
    );
    expect(answers[2]).toMatchObject({ result: 'repeated', pagesLost: 20 });
  });

  test('missing-get-page is reported as the kernel would', () => {
    const { steps, end } = observe('lkmc_mmap', [open(), mmap('m0'), load('m0'), munmap('m0')], {
      mutant: 'missing-get-page',
    });
    expect([...steps, end].flatMap((step) => step.reports ?? [])).toContain(
      'BUG: Bad page state: reference count underflow',
    );
  });

  test('a mutant leaves no trace on the device that cannot show it', () => {
    const ops = [open(), open('d1'), mmap('m0'), store('m0'), write('Z'), write('X'), read(1), munmap('m0')];
    for (const mutant of ['open-shares-one-page', 'write-honours-position', 'vm-close-not-called'] as const) {
      expect(yields('pages_mmap', ops, { mutant })).toBe(yields('pages_mmap', ops));
    }
  });
});

/** Devices that do not ship, because a contract can combine what the two have apart. */
describe('other contracts', () => {
  const pages = loadContract('pages_mmap');
  const contract = (rest: Partial<Contract>): Contract => ({ ...pages, ...rest });
  const next = { ...placed('fixed', PAGE), offset: PAGE };
  const neighbours = [open(), mmap('m0', PAGE, placed('fixed', 0)), mmap('m1', PAGE, next)];

  test('a page beyond the buffer is SIGBUS, and says so each time', () => {
    const device = contract({ mmap: { ...pages.mmap, range: 'any' } });
    const ops = [open(), mmap('m0', 5 * PAGE), load('m0+16382', 4), store('m0+16384'), load('m0+16384')];
    expect(yields(device, ops)).toBe(
      '0{open} 27{mmap} SIGBUS/ADRERR@2{fault3R,fault4R} SIGBUS/ADRERR@0{fault4W} SIGBUS/ADRERR@0{fault4R} end{release}',
    );
  });

  test('a private write beyond the buffer fails, too', () => {
    const device = contract({ mmap: { ...pages.mmap, range: 'any' } });
    const ops = [open(), mmap('m0', PAGE, { type: 'private', offset: 4 * PAGE }), store('m0')];
    expect(yields(device, ops)).toContain('SIGBUS/ADRERR@0{fault4W}');
  });

  test('flags that the driver sets join mappings only after its mmap has run', () => {
    const device = contract({ mmap: { ...pages.mmap, flags: ['dontdump'] } });
    expect(yields(device, neighbours)).toBe('0{open} 0{mmap} 1{mmap} end{release}');
    expect(maps(device, neighbours)).toEqual(['0+2 rw-s 0']);
  });

  test('a close callback keeps a mapping from being swallowed, not from growing', () => {
    const device = contract({
      vmOperations: { open: true, close: true },
      log: { prefix: 'x', callbacks: ['mmap', 'vm_open', 'vm_close'] },
    });
    expect(yields(device, neighbours)).toBe('0 0{mmap} 1 end{vm_close}');
    const hole = [...neighbours, munmap(PAGE), mmap('m2', PAGE, next)];
    expect(yields(device, hole)).toBe('0 0{mmap} 1 0{vm_open,vm_close} 1 end{vm_close}');
    const between = [
      open(),
      mmap('m0', PAGE, placed('fixed', 0)),
      mmap('m1', PAGE, { ...placed('fixed', 2 * PAGE), offset: 2 * PAGE }),
      mmap('m2', PAGE, next),
    ];
    expect(maps(device, between)).toEqual(['0+2 rw-s 0', '2+1 rw-s 2']);
  });

  test('callbacks that the driver does not log are not seen', () => {
    const device = contract({ log: { prefix: 'x', callbacks: ['release'] } });
    expect(yields(device, [open(), mmap('m0'), load('m0'), close()])).toBe("0 31 1'·' 0 end{release}");
  });
});
