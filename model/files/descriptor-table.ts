import type { Draft } from '../draft.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import { refuse, type Refused } from '../refusal.ts';
import type { OpenFile, Process } from '../state.ts';

/** The number that a descriptor variable holds, counted from the program's first; -1 when it was never bound. */
export function numberOf(draft: Draft, variable: string): number {
  return draft.descriptors.get(variable) ?? -1;
}

/** The description behind a descriptor variable in a process' table, also one that is a name only (O_PATH). */
export function lookUpAny(draft: Draft, process: Process, variable: string): OpenFile | undefined {
  return draft.descriptions.get(process.descriptors[numberOf(draft, variable)] ?? 0);
}

/** The description behind a descriptor variable, unless it is a name only: for most calls that is no open file (`fdget`). */
export function lookUp(draft: Draft, process: Process, variable: string): OpenFile | undefined {
  const description = lookUpAny(draft, process, variable);
  return description?.path === true ? undefined : description;
}

/** The description, or EBADF with the clause that says why there is none. */
export function openFile(draft: Draft, process: Process, variable: string): OpenFile | Refused {
  const description = lookUpAny(draft, process, variable);
  if (description === undefined) return refuse(draft, 'EBADF', 'FD-02');
  return description.path ? refuse(draft, 'EBADF', 'PATH-02') : description;
}

/** The lowest free number of a process, or undefined when the program's limit leaves none (fs/file.c `alloc_fd`). */
export function freeNumber(draft: Draft, process: Process): number | undefined {
  const hole = process.descriptors.indexOf(0);
  const number = hole === -1 ? process.descriptors.length : hole;
  const { descriptors: limit } = draft.setting;
  return limit !== undefined && number >= limit ? undefined : number;
}

/** Puts a description (0: nothing) at a number of a process' table. */
export function install(process: ProcessDraft, number: number, description: number): void {
  const descriptors = process.descriptors.slice();
  while (descriptors.length < number) descriptors.push(0);
  descriptors[number] = description;
  process.descriptors = descriptors;
}
