import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { childrenProcessorSeconds, childrenSeconds } from './processor-time.ts';

describe('the processor time of children', () => {
  it('is the sum of user and system time, whatever the name of the process', () => {
    const numbers = Array.from({ length: 50 }, (_, index) => String(index + 4));
    // Field 3 is the state, so field 16 (cutime) is 16 here.
    expect(childrenSeconds(`123 (a (b) c) S ${numbers.join(' ')}\n`)).toBe((16 + 17) / 100);
  });

  it('is refused where the text is something else', () => {
    expect(() => childrenSeconds('123 (x) S 1 2')).toThrow('proc(5)');
  });

  it('counts what a child spent, and what a child of it spent', () => {
    const burn = 'const end = process.cpuUsage().user + 150000; while (process.cpuUsage().user < end);';
    const nested = `require('node:child_process').execFileSync(process.execPath, ['-e', ${JSON.stringify(burn)}]);`;
    for (const script of [burn, nested]) {
      const before = childrenProcessorSeconds();
      execFileSync(process.execPath, ['-e', script]);
      expect(childrenProcessorSeconds() - before).toBeGreaterThanOrEqual(0.14);
    }
  });
});
