import { ConformanceError } from '../../spec/errors.ts';

/**
 * Waits for a stage that must end within a time.
 *
 * @param milliseconds the deadline, from now
 * @param stage what is going on, as it reads after "while": "the guest boots"
 * @param context asked for only on failure: the last lines of a console, for example
 * @throws ConformanceError with code `deadline` when the time is up; the caller ends what was going on
 */
export async function withDeadline<T>(
  work: Promise<T>,
  milliseconds: number,
  stage: string,
  context: () => string = () => '',
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const tail = context();
      reject(
        new ConformanceError(
          'target',
          'deadline',
          `The deadline of ${String(milliseconds / 1000)} s passed while ${stage}.${tail === '' ? '' : `\n${tail}`}`,
          { hint: 'A busy machine is the usual cause; the last lines of the console tell other ones.' },
        ),
      );
    }, milliseconds);
  });
  try {
    return await Promise.race([work, expired]);
  } finally {
    clearTimeout(timer);
  }
}
