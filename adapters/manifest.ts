import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import * as z from 'zod';

const Manifest = z.object({ name: z.string(), version: z.string(), engines: z.object({ node: z.string() }) });

/** The package’s own manifest: in a checkout it lies above the sources, in the package above what was built from them. */
export const MANIFEST = Manifest.parse(
  JSON.parse(readFileSync(findPackageJSON(import.meta.url) ?? 'package.json', 'utf8')),
);
