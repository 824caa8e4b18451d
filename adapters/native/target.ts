import type { Target } from '../../spec/ports/target.ts';
import { requirePackages } from '../linux/packages.ts';
import { connectProcess } from '../wire/process.ts';
import { buildHelper } from './build.ts';

/** The helper on this machine without any module: each device buffer is a memfd. */
export function memfdTarget(): Target {
  let helper: string | undefined;
  return {
    name: 'memfd',
    prepare: async ({ onProgress }) => {
      await requirePackages('helper');
      helper = await buildHelper({ onProgress });
    },
    connect: async (signal) => {
      if (helper === undefined) throw new Error('memfd: connect before prepare');
      return connectProcess(helper, ['--memfd'], signal);
    },
  };
}
