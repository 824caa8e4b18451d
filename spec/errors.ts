/** What went wrong, as the exit code of the command line tells it. */
export type ErrorKind = 'usage' | 'target';

/**
 * An error that a person can act on: a stable code, one sentence, the cause, and a hint that says what to do next.
 * `usage` ends with exit code 2 (wrong usage or bad input), `target` with 3 (a target broke or cannot be made ready).
 */
export class ConformanceError extends Error {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly hint: string | undefined;

  constructor(kind: ErrorKind, code: string, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ConformanceError';
    this.kind = kind;
    this.code = code;
    this.hint = options.hint;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The message with its hint, for places that have room for one text: the hint ends the first line. */
export function describeError(error: unknown): string {
  const message = messageOf(error);
  const hint = error instanceof ConformanceError ? error.hint : undefined;
  if (hint === undefined) return message;
  const [first = '', ...others] = message.split('\n');
  return [`${first.replace(/\.$/, '')}; ${hint}`, ...others].join('\n');
}
