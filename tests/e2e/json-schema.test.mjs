// The cases that the unit tests hold our JSON Schema against, held against a
// public validator: what they expect is what others expect, too.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'

import Ajv from 'ajv'
import Ajv2020 from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

import { ROOT } from './harness.mjs'

const FILE = path.join(ROOT, 'tests/cases/json-schema/cases.txt')

/** {schema, values: [{value, isGood}]}; those that we refuse are left out. */
function readCases () {
  const cases = []
  for (const line of readFileSync(FILE, 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const kind = line[0]
    if (kind === '!') {
      cases.pop()
    } else if (kind === '+' || kind === '-') {
      const value = line.slice(2).split(' | ')[0]
      cases.at(-1).values.push({ value, isGood: kind === '+' })
    } else {
      cases.push({ schema: line, values: [] })
    }
  }
  return cases
}

// Where we differ, and why.
const DIFFERENCES = new Set([
  // A cycle of references without an end, of which ajv runs out of stack.
  '{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}},' +
    '"$ref":"#/$defs/a"}',
  // Fractions: ajv divides and compares exactly, so 4.35 is no multiple.
  '{"multipleOf":0.01}',
  // RFC 3339's full-time has a zone.
  '{"format":"time"} "10:20:30"',
  // RFC 2673's dotted quad has no leading zeros.
  '{"format":"ipv4"} "192.0.02.1"'
])

function validatorOf (text) {
  const schema = JSON.parse(text)
  const isOld = text.includes('"items":[') || text.includes('draft-07') ||
    text.includes('additionalItems')
  const ajv = new (isOld ? Ajv : Ajv2020)({
    strict: false, logger: false, validateSchema: false
  })
  addFormats(ajv)
  return ajv.compile(schema)
}

test('a public validator says what our cases say', () => {
  const cases = readCases()
  let values = 0
  for (const each of cases) {
    if (DIFFERENCES.has(each.schema)) continue
    const validate = validatorOf(each.schema)
    for (const { value, isGood } of each.values) {
      values++
      if (DIFFERENCES.has(`${each.schema} ${value}`)) continue
      assert.equal(validate(JSON.parse(value)), isGood,
        `${each.schema} ${value}: ${JSON.stringify(validate.errors)}`)
    }
  }
  assert.ok(cases.length > 55 && values > 130, `${cases.length} ${values}`)
})
