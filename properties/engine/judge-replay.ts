import type { SessionOptions } from './session.ts';
import type { Contract } from '../../spec/contract.ts';
import { ConformanceError } from '../../spec/errors.ts';
import type { ReadyTarget } from '../../spec/ports/target.ts';
import { PROPERTIES } from '../all.ts';
import type { Judged } from './batch.ts';
import { Instance } from './instance.ts';
import type { Property } from '../property.ts';
import { disagreementOf } from './ending.ts';
import type { Replay } from './token.ts';

/** The property that a program is said to break. Throws a `ConformanceError` of kind usage for a name that is none. */
export function propertyNamed(name: string): Property {
  const property = Object.values(PROPERTIES).find((known) => known.name === name);
  if (property !== undefined) return property;
  throw new ConformanceError(
    'usage',
    'unknown-property',
    `The program is said to break ${name}, which is no property.`,
  );
}

/** Runs one program on a fresh target and judges it; that the target ends under it is a failure. */
export async function judgeReplay(
  target: ReadyTarget,
  contract: Contract,
  { property: name, program }: Pick<Replay, 'property' | 'program'>,
  options: Pick<SessionOptions, 'signal' | 'silenceMs'> = {},
): Promise<Exclude<Judged, { kind: 'ended' }>> {
  const property = propertyNamed(name);
  const instance = new Instance(target, contract, options);
  try {
    const [judged] = await instance.judge(property, [program]);
    const disagreement = disagreementOf(judged, program);
    const answers = judged?.kind === 'fail' ? judged.answers : [];
    if (disagreement !== undefined) return { kind: 'fail', disagreement, answers };
    if (judged === undefined || judged.kind === 'ended') return { kind: 'errored', message: 'no answer' };
    return judged;
  } finally {
    await instance.close();
  }
}
