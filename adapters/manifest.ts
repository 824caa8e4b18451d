import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly engines: { readonly node: string };
}

/** The package’s own manifest: in a checkout it lies above the sources, in the package above what was built from them. */
export const MANIFEST = JSON.parse(
  readFileSync(findPackageJSON(import.meta.url) ?? 'package.json', 'utf8'),
) as Manifest;
