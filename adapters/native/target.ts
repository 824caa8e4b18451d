import type { Target } from '../../spec/ports/target.ts';
import { requirePackages } from '../linux/packages.ts';
import { connectProcess } from '../wire/process.ts';
import { buildHelper } from './build.ts';

/** The helper on this machine without any module: each device buffer is a memfd. */
export function memfdTarget(): Target {
  return {
    name: 'memfd',
    prepare: async ({ onProgress }) => {
      await requirePackages('helper');
      const helper = await buildHelper({ onProgress });
      return { name: 'memfd', connect: (signal) => connectProcess(helper, ['--memfd'], signal) };
    },
  };
}
