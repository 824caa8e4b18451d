import type { CountedSource } from '../../spec/ports/driver-counting.ts';
import type { DriverFile } from '../../spec/journal.ts';

/** Sums up what was counted in one source file of a driver. */
export function summarizeSource({ file, lines, text }: CountedSource): DriverFile {
  const missed = lines.filter(({ reached }) => !reached);
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
  return {
    file,
    lines: { reached: lines.length - missed.length, total: lines.length },
    branches: {
      reached: sum(lines.map(({ branchesTaken }) => branchesTaken)),
      total: sum(lines.map(({ branches }) => branches)),
    },
    never: ranges(lines).map(({ from, to }) => ({ from, to, text: text.slice(from - 1, to) })),
    partly: lines
      .filter(({ reached, branches, branchesTaken }) => reached && branchesTaken < branches)
      .map(({ number }) => ({ line: number, text: text[number - 1] ?? '' })),
  };
}

/** Neighbours among the lines that were not reached; what has no code between them does not part them. */
function ranges(lines: CountedSource['lines']): readonly { readonly from: number; readonly to: number }[] {
  const found: { from: number; to: number }[] = [];
  let open = false;
  for (const { number, reached } of lines) {
    const last = found.at(-1);
    if (!reached && open && last !== undefined) last.to = number;
    else if (!reached) found.push({ from: number, to: number });
    open = !reached;
  }
  return found;
}
