// Expressions of scenarios, tried out on the command line.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { run, tempDir } from './harness.mjs'

const template = (args, input) => run(['template', ...args], { input })

async function batch (...lines) {
  const input = lines.map((line) => JSON.stringify(line) + '\n').join('')
  const { code, stdout } = await template(['eval', '--batch'], input)
  assert.equal(code, 0)
  return stdout.trimEnd().split('\n').map((line) => JSON.parse(line))
}

test('a batch answers each line with a value or an error', async () => {
  assert.deepEqual(await batch(
    { expr: '{{1.a}}', bindings: { 1: { a: [1, 'x'] } } },
    { expr: '{{get(toCollection(1.`__IMTHEADERS__`; "name"; "value"); "k")}}',
      bindings: { 1: { __IMTHEADERS__: [{ name: 'k', value: 'v' }] } } },
    { expr: '{{foo(1)}}' },
    { expr: '{{formatDate(now; "HH:mm")}}', now: '2019-03-19T14:30:00Z',
      timezone: 'Europe/Prague' },
    { expr: '{{executionId}}', variables: { scenario: { executionId: 7 } } },
    { expr: '{{1.d}}', bindings: { 1: { d: { $date: '2019-03-19' } } } },
    { bindings: {} }
  ), [
    { value: [1, 'x'] },
    { value: 'v' },
    { error: 'function "foo" is not known', column: 3 },
    { value: '15:30' },
    { value: 7 },
    { value: '2019-03-19T00:00:00.000Z' },
    { error: 'expected an object {"expr":"…","bindings":{…}}', column: 0 }
  ])
})

test('a line that is no JSON does not end the batch', async () => {
  const { code, stdout } = await template(['eval', '--batch'],
    'x\n{"expr":"{{1+1}}"}\n')
  const [first, second] = stdout.split('\n')

  assert.equal(code, 0)
  assert.match(JSON.parse(first).error, /line 1 column 1/)
  assert.deepEqual(JSON.parse(second), { value: 2 })
})

test('one template is evaluated with the bundles of a file', async (t) => {
  const file = path.join(tempDir(t), 'bundles.json')

  writeFileSync(file, '{"1":{"name":"web-7"}}')
  assert.deepEqual(await template(['eval', '{{upper(1.name)}}', file]),
    { code: 0, stdout: '"WEB-7"\n', stderr: '' })
})

test('check tells every mistake and its column', async () => {
  const wrong = await template(['check', '{{foo(1)}} {{bar(2)}} {{1 +}}'])

  assert.equal(wrong.code, 1)
  assert.deepEqual(wrong.stdout.trimEnd().split('\n'), [
    'function "foo" is not known (column 3)',
    'function "bar" is not known (column 14)',
    'found the end of the expression, expected a value (column 28)'
  ])
  assert.equal((await template(['check', '-'], 'a\n{{1.x}}\n')).stdout,
    'valid\nvalid\n')
})

test('functions prints the tables', async () => {
  const { code, stdout } = await template(['functions'])

  assert.equal(code, 0)
  assert.match(stdout, /\| `formatDate\(date; format; \[time zone\]\)` \|/)
  assert.match(stdout, /\| `text:equal:ci` \|/)
})
