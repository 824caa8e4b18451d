#!/bin/sh
# vitest 4.1.12: where a global set-up throws, the command prints the error and exits with 1, but a reporter's
# `onTestRunEnd` is called with no modules and an empty list of unhandled errors. Only its third argument, the
# reason, says `failed`. A reporter that counts failed tests and errors reports a run without failures.
#
# Seen: `modules 0, errors 0, reason failed`, exit code 1.
# Usage: sh findings/vitest-global-setup-error.sh (needs npm and Node 20 or newer; installs in a temporary folder)
set -eu

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"

echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund vitest@4.1.12 vite@7.3.6

cat >vitest.config.js <<'CONFIG'
import { defineConfig } from 'vitest/config';

const reporter = {
  onTestRunEnd(modules, errors, reason) {
    console.log(`modules ${modules.length}, errors ${errors.length}, reason ${reason}`);
  },
};
export default defineConfig({ test: { globalSetup: './set-up.js', reporters: [reporter] } });
CONFIG
echo "export default () => { throw new Error('nothing can be set up'); };" >set-up.js
echo "import { test } from 'vitest'; test('is never run', () => {});" >one.test.js

status=0
npx vitest run >output 2>errors || status=$?
cat output
grep -q '^modules 0, errors 0, reason failed$' output || { echo 'the reporter is told something else'; exit 1; }
grep -q 'nothing can be set up' errors || { echo 'the error is not printed'; exit 1; }
[ "$status" -eq 1 ] || { echo "the exit code is $status"; exit 1; }
echo 'as described'
