import { expect, test } from 'vitest';
import { PLATFORMS, platformOf } from './platform.ts';

test.each(PLATFORMS.map((platform) => [platform.title, platform] as const))('%s is found', (_, platform) => {
  expect(platformOf(platform.machine, platform.pageSize)).toBe(platform);
});

test.each([
  ['aarch64', 4096],
  ['x86_64', 16_384],
])('%s with pages of %i bytes is refused with what there is', (machine, pageSize) => {
  expect(() => platformOf(machine, pageSize)).toThrow(
    expect.objectContaining({
      code: 'architecture',
      message: `The architecture ${machine} with pages of ${String(pageSize)} bytes is not supported: it was not measured.`,
      hint: expect.stringContaining('x86_64 (pages of 4096 bytes) and um (pages of 4096 bytes)') as unknown,
    }),
  );
});
