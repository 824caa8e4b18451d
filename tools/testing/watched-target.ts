import type { Connection } from '../../spec/ports/connection.ts';
import type { Program } from '../../spec/program.ts';
import { Command } from '../../spec/protocol.ts';
import type { ReadyTarget } from '../../spec/ports/target.ts';

/** What a test sees of one instance. */
export interface WatchedInstance {
  /** The programs that it was sent, as text, in this order. */
  readonly programs: string[];
  answers: number;
  isGone: boolean;
}

/** The death of an instance, from outside and under way. */
export interface Death {
  /** Counted from 0 in the order in which the instances were started. */
  readonly instance: number;
  /** It has given so many answers by then. */
  readonly answers: number;
}

/** A target whose instances a test can watch, and of which it can kill one. */
export function watchTarget(target: ReadyTarget, death?: Death): { target: ReadyTarget; instances: WatchedInstance[] } {
  const instances: WatchedInstance[] = [];
  const connect = async (signal?: AbortSignal): Promise<Connection> => {
    const doomed = death?.instance === instances.length ? death : undefined;
    const instance: WatchedInstance = { programs: [], answers: 0, isGone: false };
    instances.push(instance);
    const inner = await target.connect(signal);
    const closed = inner.closed.then((end) => {
      instance.isGone = true;
      return doomed === undefined ? end : { reason: 'killed' as const, message: 'killed by the test' };
    });
    return {
      ...inner,
      closed,
      send: (line) => {
        instance.programs.push(...programsOf(line).map((program) => JSON.stringify(program)));
        inner.send(line);
      },
      lines: linesOf(inner, instance, doomed),
    };
  };
  return { target: { ...target, connect }, instances };
}

function programsOf(line: string): readonly Program[] {
  const command = Command.parse(JSON.parse(line));
  return command.cmd === 'run' ? command.programs : [];
}

async function* linesOf(
  inner: Connection,
  instance: WatchedInstance,
  doomed: Death | undefined,
): AsyncGenerator<string, void, undefined> {
  for await (const line of inner.lines) {
    if (doomed !== undefined && instance.answers >= doomed.answers) {
      inner.kill();
      return;
    }
    if (line.includes('"result"')) instance.answers++;
    yield line;
  }
}
