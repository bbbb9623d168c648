// Prints a line a test, the whole story of each failure, and last
// `e2e: N passed, N failed`, which tests/run adds up. A test that was skipped
// or left for later counts as failed: it has shown nothing.

import { inspect } from 'node:util'

const isFile = (data) => data.nesting === 0 && /\.mjs$/.test(data.name)

// The runner's own totals, which it reports as remarks.
const TOTAL =
  /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /

// A suite or file fails because something in it did; that was told already.
const isOnlyParent = (data) =>
  data.details?.type === 'suite' ||
  data.details?.error?.failureType === 'subtestsFailed'

const story = (error) => {
  const cause = error?.cause ?? error
  return inspect(cause).replace(/^/gm, '    ')
}

export default async function * report (source) {
  let passed = 0
  let failed = 0
  for await (const { type, data } of source) {
    if (type === 'test:diagnostic' && !TOTAL.test(data.message)) {
      yield `  # ${data.message}\n`
    } else if (type === 'test:pass') {
      if (data.details?.type === 'suite' || isFile(data)) continue
      if (data.skip !== undefined || data.todo !== undefined) {
        failed++
        yield `not ok ${data.name}: skipped\n`
      } else {
        passed++
        yield `ok ${data.name} (${Math.round(data.details.duration_ms)} ms)\n`
      }
    } else if (type === 'test:fail' && !isOnlyParent(data)) {
      failed++
      yield `not ok ${data.name}\n${story(data.details.error)}\n`
    }
  }
  yield `e2e: ${passed} passed, ${failed} failed\n`
}
