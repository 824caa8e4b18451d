import * as z from 'zod';
import { Contract, CONTRACT_VERSIONS } from '../../spec/contract.ts';
import { describeFields, type JsonSchema } from '../../spec/describe-schema.ts';

/** Where the page about contracts is kept. */
export const CONTRACT_PAGE_FILE = new URL('../../docs/contract.md', import.meta.url);

const CURRENT = CONTRACT_VERSIONS[CONTRACT_VERSIONS.length - 1] ?? 1;

const INTRODUCTION = `# Contracts

<!-- Generated from spec/contract.ts by \`npm run generate\`. -->

A contract describes one device as its programs see it: where it is opened, whose memory is mapped, what \`mmap\`, \`read\` and
\`write\` do. The suite derives from it what every program must observe, so a contract that says something else than the driver
does is found out like a driver that does something else than the contract says.

A contract is JSON, or a TypeScript module that exports the same data:

\`\`\`ts
export const contract = {
  version: ${String(CURRENT)},
  name: 'sample_ring',
  node: { kind: 'character', path: '/dev/sample_ring' },
  buffer: { owner: 'description', pages: 4, initial: 'SAMPLES1' },
  fault: 'offset',
  mmap: { range: 'whole', private: 'refused', flags: [], callsVmOpen: false },
  vmOperations: { open: false, close: false },
  positioned: false,
  lseek: 'none',
};
\`\`\`

Such a module is loaded by Node, which strips the types, so it may compute what it exports. Two contracts ship with the suite:
[lkmc_mmap](../spec/contracts/lkmc_mmap.json) and [pages_mmap](../spec/contracts/pages_mmap.json);
[examples/ring-driver](../examples/ring-driver) has more, and [the tutorial](tutorial.md) writes one.

\`mmap-conformance contract check FILE\` says what a contract means, in sentences, or what is wrong with it, field by field. Editors
check it and explain the fields while it is written, when it names the schema: \`"$schema": "…/spec/schemas/contract.json"\`.
`;

const CLOSING = `## What no contract can say

- \`ioctl\`, \`poll\` and \`fsync\` of the driver: programs see what the kernel answers for a driver without them (\`ioctl\` fails with
  ENOTTY for requests that the driver does not know).
- Private mappings of a device whose pages are placed by \`remap\`: the kernel puts the number of the first physical page in the place of
  the offset, which differs from run to run. \`contract check\` asks for \`"private": "refused"\`.
- A fault handler beside pages that are put in place in \`mmap\`; \`vm_operations.access\`, \`mremap\`, \`may_split\`, \`page_mkwrite\` and
  \`pfn_mkwrite\`.
- Bytes that change by themselves. A buffer has its initial bytes until a program writes others.
`;

/** The page that explains each field, made of the descriptions in the schema. */
export function generateContractPage(): string {
  const { $defs } = z.toJSONSchema(Contract, { io: 'input' }) as { $defs?: Record<string, JsonSchema> };
  const root = $defs?.['Contract'];
  if (root === undefined) throw new Error('the schema of contracts has lost its name');
  return [INTRODUCTION, '## Fields', '', ...fields(root, []), CLOSING].join('\n');
}

/** A heading for each field; what lies in an object comes below it. */
function fields(schema: JsonSchema, path: readonly string[]): string[] {
  return describeFields(schema).flatMap(({ name, schema: field, type, optional, meaning }) => {
    const here = [...path, name];
    const facts = [field.properties === undefined ? type : 'object', ...(optional ? ['may be absent'] : [])].join('; ');
    return [`### \`${here.join('.')}\``, '', `*${facts}*`, '', meaning, '', ...fields(field, here)];
  });
}
