import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ModuleTargetOptions } from '../adapters/linux/guest-software.ts';
import type { UserModule } from '../adapters/linux/user-module.ts';
import { type Contract, DEFAULT_MODE } from '../spec/contract.ts';
import { ConformanceError } from '../spec/errors.ts';
import { quote } from './invocation.ts';

/** The options of `run` and `replay` that name a driver of the user's. */
export interface UserDriverOptions {
  module?: string;
  moduleParams?: string;
  device?: string;
}

/** Adds these options to a command. */
export function withUserDriver(command: Command): Command {
  return command
    .option('--module <directory>', 'a driver of your own: the directory that you would give to make as M=')
    .option('--module-params <text>', "its parameters, as insmod takes them: 'a=1 b=2'")
    .option('--device <path>', 'the node that it makes, which has to be the contract’s');
}

/**
 * What targets are told of the user's driver; nothing when there is none.
 *
 * @throws ConformanceError of kind `usage` when the options do not fit to each other or to the contract
 */
export function userDriver(options: UserDriverOptions, contracts: readonly Contract[]): ModuleTargetOptions {
  const { module, moduleParams: params, device } = options;
  if (module === undefined) {
    const alone = params !== undefined ? '--module-params' : device !== undefined ? '--device' : undefined;
    if (alone === undefined) return {};
    throw new ConformanceError(
      'usage',
      'no-module',
      `${alone} says something about a driver, but there is no --module`,
      {
        hint: 'Name the directory of the driver’s sources: --module DIR.',
      },
    );
  }
  const [contract] = contracts;
  if (contract === undefined || contracts.length > 1) {
    throw new ConformanceError(
      'usage',
      'one-contract',
      'a driver of your own is described by one contract of your own',
      {
        hint: 'Name it: --contract my.json. What a contract says: docs/contract.md.',
      },
    );
  }
  checkDevice(device, contract);
  if (params?.includes('\n') === true) {
    throw new ConformanceError('usage', 'module-params', 'parameters of a module are one line');
  }
  const { path, mode = DEFAULT_MODE } = contract.node;
  const userModule: UserModule = {
    directory: resolve(module),
    name: contract.name,
    node: { path, mode },
    ...(params !== undefined && params.trim() !== '' && { params: params.trim() }),
  };
  return { userModule };
}

function checkDevice(device: string | undefined, { node }: Contract): void {
  if (device !== undefined && device !== node.path) {
    const message = `the device is ${device}, but the contract’s node.path is ${node.path}`;
    throw new ConformanceError('usage', 'other-device', message, { hint: 'They have to name the same node.' });
  }
  if (/\s/.test(node.path)) {
    throw new ConformanceError(
      'usage',
      'other-device',
      `node.path must have no blanks, got ${JSON.stringify(node.path)}`,
    );
  }
}

/** The options again, for a command that can be pasted; it works from any directory. */
export function userDriverArguments({ module, moduleParams, device }: UserDriverOptions): string {
  if (module === undefined) return '';
  const words = ['--module', resolve(module)];
  if (moduleParams !== undefined) words.push('--module-params', moduleParams);
  if (device !== undefined) words.push('--device', device);
  return ` ${words.map(quote).join(' ')}`;
}
