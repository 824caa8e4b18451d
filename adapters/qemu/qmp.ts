import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { ConformanceError } from '../../spec/errors.ts';
import { linesOf } from '../wire/lines.ts';

const messageSchema = z.union([
  z.object({ QMP: z.unknown() }),
  z.object({ event: z.string(), data: z.record(z.string(), z.unknown()).optional() }),
  z.object({ return: z.unknown(), id: z.number() }),
  z.object({ error: z.object({ class: z.string(), desc: z.string() }), id: z.number().optional() }),
]);

interface Waiter<T> {
  resolve: (value: T) => void;
  reject: (error: Error) => void;
}

/**
 * A client of QEMU's machine protocol: one JSON object on each line, answers matched by id, events in between. Every
 * promise that is open when the connection ends is rejected, so that nobody waits for a QEMU that is gone.
 */
export class QmpClient {
  private readonly stream: Duplex;
  private readonly commands = new Map<number, Waiter<unknown>>();
  private readonly migration: Waiter<void>[] = [];
  private nextId = 1;
  private ended: Error | undefined;

  constructor(stream: Duplex) {
    this.stream = stream;
    // A write to a QEMU that has just died; the reader below notices the end and says so.
    stream.on('error', () => undefined);
    void this.readAll();
  }

  /** Leaves the negotiation mode. Must come first. */
  async negotiate(): Promise<void> {
    await this.execute('qmp_capabilities');
    await this.execute('migrate-set-capabilities', { capabilities: [{ capability: 'events', state: true }] });
  }

  /** @throws ConformanceError with code `qmp-error` when QEMU refuses the command or has ended. */
  execute(command: string, commandArguments: Record<string, unknown> = {}): Promise<unknown> {
    if (this.ended !== undefined) {
      return Promise.reject(this.ended);
    }
    const id = this.nextId;
    this.nextId += 1;
    return new Promise((resolve, reject) => {
      this.commands.set(id, { resolve, reject });
      this.stream.write(`${JSON.stringify({ execute: command, arguments: commandArguments, id })}\n`);
    });
  }

  /** Runs a command that starts a migration, and waits until the migration is complete. */
  async migrate(command: string, commandArguments: Record<string, unknown>): Promise<void> {
    const completed = new Promise<void>((resolve, reject) => {
      this.migration.push({ resolve, reject });
    });
    await Promise.all([this.execute(command, commandArguments), completed]);
  }

  private async readAll(): Promise<void> {
    let reason = 'QEMU closed its machine protocol.';
    try {
      for await (const line of linesOf(this.stream)) {
        this.receive(line);
      }
    } catch (error) {
      reason = `The machine protocol of QEMU broke: ${String(error)}`;
    }
    const ended = qmpError(reason);
    this.ended = ended;
    for (const waiter of this.commands.values()) {
      waiter.reject(ended);
    }
    this.settleMigration((waiter) => {
      waiter.reject(ended);
    });
  }

  private receive(line: string): void {
    const message = messageSchema.parse(JSON.parse(line));
    if ('event' in message) {
      this.receiveEvent(message.event, message.data ?? {});
    } else if ('error' in message) {
      this.take(message.id)?.reject(qmpError(`QEMU refused a command: ${message.error.desc}`));
    } else if ('return' in message) {
      this.take(message.id)?.resolve(message.return);
    }
  }

  private receiveEvent(event: string, data: Record<string, unknown>): void {
    const status = event === 'MIGRATION' ? data['status'] : undefined;
    if (status === 'completed') {
      this.settleMigration((waiter) => {
        waiter.resolve();
      });
    } else if (status === 'failed' || status === 'cancelled') {
      this.settleMigration((waiter) => {
        waiter.reject(qmpError(`QEMU reports that the transfer of the machine state has ${status}.`));
      });
    }
  }

  private take(id: number | undefined): Waiter<unknown> | undefined {
    if (id === undefined) {
      return undefined;
    }
    const waiter = this.commands.get(id);
    this.commands.delete(id);
    return waiter;
  }

  private settleMigration(settle: (waiter: Waiter<void>) => void): void {
    this.migration.splice(0).forEach(settle);
  }
}

function qmpError(message: string): ConformanceError {
  return new ConformanceError('target', 'qmp-error', message);
}
