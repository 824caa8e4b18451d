import { EXIT } from './exit-codes.ts';
import { say } from './terminal.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** `npm run` passes on a Ctrl-C that the terminal has already sent to all, so one key press arrives twice. */
const SAME_PRESS_MS = 500;

/** A target that does not let go within this time is left behind. */
const PATIENCE_MS = 20_000;

/**
 * The first SIGINT, SIGTERM or SIGHUP aborts the signal, so that work ends in an orderly way and the journal gets its
 * footer; the second one ends the process at once, and so does an orderly end that takes too long.
 */
export function abortOnInterrupt(): AbortSignal {
  const controller = new AbortController();
  let first: number | undefined;
  const force = (): never => process.exit(EXIT.incomplete);
  for (const name of SIGNALS) {
    process.on(name, () => {
      if (first === undefined) {
        first = Date.now();
        say(`${name}: ending in an orderly way; once more to end at once`);
        controller.abort(new Error(`interrupted by ${name}`));
        setTimeout(force, PATIENCE_MS).unref();
      } else if (Date.now() - first > SAME_PRESS_MS) {
        force();
      }
    });
  }
  return controller.signal;
}
