import { type Adapter, adapterTarget } from '../adapters/wire/adapter.ts';
import { commandTarget } from '../adapters/wire/command-target.ts';
import type { Target } from '../spec/ports/target.ts';

/** A program that speaks the protocol on its standard input and output. No shell is involved. */
export interface CommandAdapter {
  readonly command: string;
  readonly args?: readonly string[];
}

/**
 * What is checked: a function that makes an adapter in its first state, called for every fresh instance, or a command, started
 * for every fresh instance.
 */
export type Implementation = (() => Adapter) | CommandAdapter;

/** The target that an implementation is; its own name is what a person would call it. */
export function targetOf(implementation: Implementation, name: string | undefined): Target {
  if (typeof implementation === 'function') return adapterTarget(name ?? 'the adapter', implementation);
  const { command, args = [] } = implementation;
  return commandTarget(name ?? [command, ...args].join(' '), [command, ...args]);
}
