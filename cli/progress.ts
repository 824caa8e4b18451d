import { escapeControls } from '../reports/escape.ts';
import { formatDuration } from '../reports/format.ts';

/** Shows that something long is going on. */
export interface Progress {
  /** A new stage begins. */
  stage(text: string): void;
  /** The stage goes on: only the newest text matters. */
  update(text: string): void;
  /** Prints a line that stays. */
  print(line: string): void;
  /** Removes the line and the timer. */
  stop(): void;
}

/** The part of a stream that is used; `columns` only on a terminal. */
export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Work that is over by then needs no progress. */
const QUIET_MS = 2000;
const REWRITE_MS = 200;
const REPEAT_MS = 10_000;

/**
 * Progress on a stream, silent for the first two seconds. A terminal gets one line that is rewritten; anything else
 * gets a line at each new stage and every ten seconds. The elapsed time moves even when no update comes, so
 * that a slow stage can be told from a hang.
 */
export function createProgress(stream: ProgressStream, now: () => number = Date.now): Progress {
  const terminal = stream.isTTY === true;
  const begun = now();
  let text = '';
  let shownAt = begun;
  let visible = false;

  const clear = (): void => {
    if (visible) stream.write('\r\u001b[2K');
    visible = false;
  };
  const show = (): void => {
    if (text === '' || now() - begun < QUIET_MS) return;
    shownAt = now();
    const line = `[${formatDuration(now() - begun)}] ${text}`;
    if (!terminal) {
      stream.write(`${line}\n`);
      return;
    }
    clear();
    stream.write(line.slice(0, Math.max(20, stream.columns ?? 80) - 1));
    visible = true;
  };
  const interval = terminal ? REWRITE_MS : REPEAT_MS;
  const tick = (): void => {
    if (now() - shownAt >= interval) show();
  };
  const timer = setInterval(tick, terminal ? 1000 : 2000).unref();

  return {
    stage(next) {
      text = oneLine(next);
      show();
    },
    update(next) {
      text = oneLine(next);
      tick();
    },
    print(line) {
      clear();
      stream.write(`${line}\n`);
    },
    stop() {
      clearInterval(timer);
      clear();
      text = '';
    },
  };
}

function oneLine(text: string): string {
  return escapeControls(text).replaceAll('\n', ' ');
}
