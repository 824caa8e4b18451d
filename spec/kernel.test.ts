import { describe, expect, it } from 'vitest';
import { ConformanceError } from './errors.ts';
import { atLeast, kernelNote, kernelProfile } from './kernel.ts';
import { type Configured, PROTOCOL_VERSION, type Started } from './protocol.ts';

const configured: Configured & { ok: true } = { event: 'configured', seq: 1, ok: true, noexec: false, regular: false };

function started(release: string): Started {
  return {
    event: 'started',
    version: PROTOCOL_VERSION,
    implementation: { name: 'test', version: '1' },
    levels: ['outcome'],
    operations: [],
    settings: [],
    mapFlags: [],
    failures: [],
    repeat: false,
    kernel: { release, machine: 'x86_64' },
    facts: {
      pageSize: 4096,
      arenaPages: 32,
      guardPages: 16,
      zonePages: 0,
      memoryPages: 1,
      executeOnly: false,
      softDirty: false,
      memForce: false,
      memoryFailure: false,
      samePageMerging: false,
      hugePages: false,
      stepwiseCopies: true,
    },
  };
}

describe('kernelProfile', () => {
  it.each([
    ['5.10.0-32-cloud-amd64', [5, 10], '5.10'],
    ['6.12.95+deb13-cloud-amd64', [6, 12], '6.12'],
    ['6.18.5', [6, 18], '6.12'],
    ['6.0.0', [6, 0], '5.10'],
    ['7.3.4', [7, 3], '7.3'],
    ['8.0.1', [8, 0], '7.3'],
  ])('%s has its own version %j and the expectations of %s', (release, version, measured) => {
    expect(kernelProfile(started(release), configured)).toMatchObject({ release, version, measured });
  });

  it.each(['4.19.0', '5.9.99', 'unknown'])('%s is refused with what is supported', (release) => {
    expect(() => kernelProfile(started(release), configured)).toThrow(ConformanceError);
    expect(() => kernelProfile(started(release), configured)).toThrow(
      `Linux ${release} is not supported: nothing before 5.10 was measured`,
    );
  });
});

it('a kernel that was not measured comes with a note, one that was with none', () => {
  const noteOf = (release: string): string | undefined => kernelNote(kernelProfile(started(release), configured));
  expect(noteOf('6.12.95')).toBeUndefined();
  expect(noteOf('6.18.5')).toBe(
    'Linux 6.18 is not among the measured kernels (5.10, 6.1, 6.12, 7.3); expectations are those of 6.12 with the known changes up to 6.18',
  );
});

it('ranges of versions are held against the true version', () => {
  const kernel = kernelProfile(started('6.18.5'), configured);
  expect([atLeast(kernel, 6, 18), atLeast(kernel, 6, 19), atLeast(kernel, 5, 99), atLeast(kernel, 7, 0)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
});
