import type { PropertyName } from './engine/campaign-types.ts';
import { balance } from './balance.ts';
import { exploration } from './exploration.ts';
import { failures } from './failures.ts';
import { isolation } from './isolation.ts';
import { leak } from './leak.ts';
import { lockstep } from './lockstep.ts';
import type { Property } from './property.ts';

/** The stored programs are judged like generated ones, and run first. */
const corpus: Property = { ...lockstep, name: 'corpus', text: 'Every stored program yields what the model yields.' };

/** All properties by name. */
export const PROPERTIES: Readonly<Record<PropertyName, Property>> = {
  corpus,
  lockstep,
  exploration,
  failures,
  balance,
  isolation,
  leak,
};
