// The catalog of event types: browsing it as GreenLake's console does,
// registering types, and what a schema does to what is published.

import assert from 'node:assert/strict'
import path from 'node:path'
import { writeFileSync } from 'node:fs'
import test from 'node:test'

import Ajv2020 from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

import { ADMIN_TOKEN, run, startHub, tempDir } from './harness.mjs'
import { createWebhook } from './native.mjs'
import { always, startReceiver } from './receiver.mjs'

const EVENTS = '/events/v1beta1'
const TYPES = '/v1/event-types'
const ORDER = 'com.example.orders.v1.orders.created'
const SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  required: ['id', 'total'],
  properties: {
    id: { type: 'string', format: 'uuid' },
    total: { type: 'number', minimum: 0 },
    lines: { type: 'array', items: { $ref: '#/$defs/line' } }
  },
  additionalProperties: false,
  $defs: {
    line: {
      type: 'object',
      required: ['sku'],
      properties: { sku: { type: 'string', pattern: '^[A-Z0-9-]+$' } }
    }
  }
}
const GOOD = {
  id: '6d2c9f3e-0000-4000-8000-000000000011',
  total: 12.5,
  lines: [{ sku: 'A-1' }]
}

const items = async (hub, where) => {
  const { status, body, text } = await hub.api.get(where)
  assert.equal(status, 200, text)
  assert.deepEqual(Object.keys(body), ['items', 'count', 'offset', 'total'])
  return body.items
}

const register = async (hub, changes = {}) => {
  const { status, body, text } =
    await hub.api.post(TYPES, { name: ORDER, schema: SCHEMA, ...changes })
  assert.equal(status, 201, text)
  return body
}

let number = 0
const publish = (hub, data, changes = {}) => hub.api.post('/v1/events', {
  specversion: '1.0',
  id: `e-${++number}`,
  source: '/shop',
  type: ORDER,
  data,
  ...changes
}, { headers: { 'content-type': 'application/cloudevents+json' } })

test('the catalog is browsed from managers to groups to types', async (t) => {
  const hub = await startHub(t)
  const managers = await items(hub, `${EVENTS}/service-managers`)
  assert.deepEqual(managers.map(({ name }) => name).sort(),
    ['Compute Ops Management', 'Grapnel', 'HPE GreenLake platform'])
  const found = {}
  for (const manager of managers) {
    assert.deepEqual(Object.keys(manager),
      ['id', 'name', 'type', 'generation', 'createdAt', 'updatedAt'])
    const groups = await items(hub,
      `${EVENTS}/service-managers/${manager.id}/api-groups`)
    for (const group of groups) {
      for (const type of await items(hub,
        `${EVENTS}/api-groups/${group.id}/events`)) {
        found[type.name] = [group.name, type.friendlyName]
      }
    }
  }
  assert.deepEqual(found['com.hpe.greenlake.audit-log.v1.logs.created'],
    ['Audit Log', 'Audit log created'])
  assert.deepEqual(found['compute-ops/server'], ['Servers', 'Server'])
  assert.equal(Object.keys(found).length, 31)
  // The ids are the same in every installation.
  const other = await startHub(t)
  assert.deepEqual(await items(other, `${EVENTS}/service-managers`), managers)
  const nowhere = '00000000-0000-4000-8000-000000000000'
  for (const where of [`service-managers/${nowhere}/api-groups`,
    `api-groups/${nowhere}/events`, 'api-groups/x/events']) {
    const { status, body } = await hub.api.get(`${EVENTS}/${where}`)
    assert.equal(status, 404)
    assert.equal(body.errorCode, 'HPE_GL_ERROR_NOT_FOUND')
  }
  const one = await items(hub, `${EVENTS}/service-managers?limit=1&offset=1`)
  assert.deepEqual(one, managers.slice(1, 2))
})

test('what ships has schemas that a public validator takes, and samples',
  async (t) => {
    const hub = await startHub(t)
    const { body } = await hub.api.get(`${TYPES}?limit=100`)
    assert.equal(body.total, 31)
    for (const { name, resourceUri } of body.items) {
      const { status, body: type, text } = await hub.api.get(resourceUri)
      assert.equal(status, 200, text)
      assert.equal(type.builtIn, true)
      assert.equal(type.validation, 'off')
      const ajv = new Ajv2020({ strict: false, allErrors: true })
      addFormats(ajv)
      const validate = ajv.compile(type.schema)
      assert.ok(validate(type.sample),
        `${name}: ${JSON.stringify(validate.errors)}`)
    }
    const refused = await hub.api.patch(
      `${TYPES}/compute-ops%2Fserver`, { description: 'x' })
    assert.equal(refused.status, 403, refused.text)
  })

test('a registered type is in the catalog and survives a kill', async (t) => {
  const hub = await startHub(t)
  const made = await register(hub, {
    friendlyName: 'Order', serviceManager: 'Shop', apiGroup: 'Orders',
    description: 'A customer ordered.', sample: GOOD
  })
  assert.equal(made.version, 1)
  assert.equal(made.validation, 'refuse')
  await hub.kill9()
  await hub.start()
  const { body } = await hub.api.get(made.resourceUri)
  assert.deepEqual(body, made)
  const managers = await items(hub, `${EVENTS}/service-managers`)
  const { id } = managers.find(({ name }) => name === 'Shop')
  const [group] = await items(hub,
    `${EVENTS}/service-managers/${id}/api-groups`)
  assert.equal(group.name, 'Orders')
  const [type] = await items(hub, `${EVENTS}/api-groups/${group.id}/events`)
  assert.equal(type.name, ORDER)
  assert.equal(type.friendlyName, 'Order')
  assert.equal((await hub.api.post(TYPES, { name: ORDER })).status, 409)
  assert.equal((await hub.api.del(made.resourceUri)).status, 204)
  assert.equal((await hub.api.get(made.resourceUri)).status, 404)
  assert.equal((await items(hub, `${EVENTS}/service-managers`)).length, 3)
})

test('what is not as the schema says is 422 with the place', async (t) => {
  const hub = await startHub(t)
  await register(hub)
  assert.equal((await publish(hub, GOOD)).status, 202)
  const rows = [
    [{ ...GOOD, total: '12' },
      'data/total', 'expected a number, found a string'],
    [{ ...GOOD, total: -1 }, 'data/total', 'expected at least 0, found -1'],
    [{ ...GOOD, id: 'x' }, 'data/id', 'expected a UUID'],
    [{ total: 1 }, 'data', 'the member "id" is missing'],
    [{ ...GOOD, more: 1 }, 'data/more', 'there is no such member'],
    [{ ...GOOD, lines: [{ sku: 'A' }, { sku: 'a' }] }, 'data/lines/1/sku',
      'expected the pattern ^[A-Z0-9-]+$']
  ]
  for (const [data, place, what] of rows) {
    const { status, body } = await publish(hub, data)
    assert.equal(status, 422, JSON.stringify(data))
    assert.equal(body.message, `${place}: ${what}`)
    assert.equal(body.errorDetails[0].issues[0].subject, place)
  }
  const bulk = await hub.api.post('/v1/events', [GOOD, {}].map((data, i) => ({
    specversion: '1.0', id: `b-${i}`, source: '/shop', type: ORDER, data
  })), { headers: { 'content-type': 'application/cloudevents-batch+json' } })
  assert.equal(bulk.status, 202)
  assert.equal(bulk.body.items[1].status, 422)
  assert.match(bulk.body.items[1].error, /^data: the member "id" is missing/)
  const metrics = await hub.api.get('/metrics')
  assert.match(metrics.text, /grapnel_events_refused_by_schema_total 7\n/)
})

test('warn accepts, says so, and counts', async (t) => {
  const hub = await startHub(t)
  await register(hub, { validation: 'warn' })
  const { status, body } = await publish(hub, {})
  assert.equal(status, 202)
  assert.equal(body.warning, 'data: the member "id" is missing')
  const metrics = await hub.api.get('/metrics')
  assert.match(metrics.text, /grapnel_events_schema_warnings_total 1\n/)
  assert.equal((await hub.api.patch(`${TYPES}/${ORDER}`,
    { validation: 'off' })).status, 200)
  const second = await publish(hub, {})
  assert.equal(second.status, 202)
  assert.equal(second.body.warning, undefined)
})

test('another schema is another version, which dataschema can name',
  async (t) => {
    const hub = await startHub(t)
    await register(hub)
    const { body } = await hub.api.patch(`${TYPES}/${ORDER}`,
      { schema: { required: ['sum'] } })
    assert.equal(body.version, 2)
    const versions = await hub.api.get(`${TYPES}/${ORDER}/versions`)
    assert.deepEqual(
      versions.body.items.map(({ version, current }) => [version, current]),
      [[2, true], [1, false]])
    const first = await hub.api.get(`${TYPES}/${ORDER}/versions/1/schema`)
    assert.equal(first.headers['content-type'], 'application/schema+json')
    assert.deepEqual(JSON.parse(first.text), SCHEMA)
    assert.equal((await publish(hub, GOOD)).status, 422)
    assert.equal((await publish(hub, { sum: 1 })).status, 202)
    const old = await publish(hub, GOOD, {
      dataschema: `${hub.url}${TYPES}/${ORDER}/versions/1/schema`
    })
    assert.equal(old.status, 202, old.text)
  })

test('a deprecated type says so in its events', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t, always(204))
  await createWebhook(hub, receiver.url, {
    payload: 'cloudevent', filter: `type eq '${ORDER}'`
  })
  await register(hub, {
    schema: undefined,
    dataschema: 'https://example.com/schemas/order',
    deprecated: true,
    sunset: '2027-01-01T00:00:00Z',
    migration: 'https://example.com/migrate'
  })
  assert.equal((await publish(hub, {})).status, 202)
  await receiver.waitFor(1)
  const [{ bytes }] = receiver.events
  const event = JSON.parse(bytes.toString())
  assert.equal(event.dataschema, 'https://example.com/schemas/order')
  assert.equal(event.deprecated, true)
  assert.equal(event.deprecationsunset, '2027-01-01T00:00:00Z')
  assert.equal(event.deprecationmigration, 'https://example.com/migrate')
})

test('what is wrong with a type is told', async (t) => {
  const hub = await startHub(t)
  const rows = [
    ['[]', 400, /expected an object/],
    [{}, 400, /name: is missing/],
    [{ name: '' }, 400, /name/],
    [{ name: 'a b' }, 400, /blank/],
    [{ name: 'a.*' }, 400, /has no '\*'/],
    [{ name: 'a', colour: 1 }, 400, /colour: there is no such member/],
    [{ name: 'a', kind: 'x' }, 400, /kind/],
    [{ name: 'a', validation: 'maybe' }, 400, /validation/],
    [{ name: 'a', sunset: 'soon' }, 400, /sunset: expected an RFC 3339 time/],
    [{ name: 'a', dataschema: '/x' }, 400, /dataschema: expected an absolute/],
    [{ name: 'a', deprecated: 'yes' }, 400, /deprecated/],
    [{ name: 'a', description: 'x'.repeat(1025) }, 400, /1024/],
    [{ name: 'a', schema: { type: 'x' } }, 422, /schema: type: expected null/],
    [{ name: 'a', schema: { unevaluatedItems: false } }, 422,
      /schema: unevaluatedItems: this keyword is not supported/],
    [{ name: 'a', schema: { $ref: 'http://169.254.169.254/' } }, 422,
      /schema: \$ref: expected a reference into this document/],
    [{ name: 'a', schema: SCHEMA, sample: {} }, 422,
      /sample: sample: the member "id"|sample: the member "id"/],
    [{ name: 'compute-ops-mgmt/server' }, 409, /already/]
  ]
  for (const [body, status, says] of rows) {
    const answer = await hub.api.post(TYPES, body)
    assert.equal(answer.status, status,
      `${JSON.stringify(body)}: ${answer.text}`)
    assert.match(answer.body.message, says)
  }
  assert.equal((await hub.api.get(TYPES)).body.total, 31)
  for (const method of ['get', 'del']) {
    assert.equal((await hub.api[method](`${TYPES}/nothing`)).status, 404)
  }
})

test('the commands register, show, list and delete', async (t) => {
  const hub = await startHub(t)
  const env = { GRAPNEL_URL: hub.url, GRAPNEL_TOKEN: ADMIN_TOKEN }
  const cli = (...args) => run(['event-type', ...args], { env })
  const file = path.join(tempDir(t), 'order.json')
  writeFileSync(file, JSON.stringify(SCHEMA))
  const made = await cli('register', ORDER, '--schema', file, '--group',
    'Orders', '--validation', 'warn', '--json')
  assert.equal(made.code, 0, made.stderr)
  assert.equal(JSON.parse(made.stdout).validation, 'warn')
  const schema = await cli('show', ORDER, '--schema')
  assert.deepEqual(JSON.parse(schema.stdout), SCHEMA)
  const shown = await cli('show', 'compute-ops/server')
  assert.match(shown.stdout, /"friendlyName": "Server"/)
  const list = await cli('list', '--group', 'Orders')
  assert.match(list.stdout, new RegExp(`${ORDER}.*Orders.*warn`))
  assert.doesNotMatch(list.stdout, /compute-ops/)
  const changed = await cli('register', ORDER, '--update', '--deprecated')
  assert.equal(changed.code, 0, changed.stderr)
  assert.match(changed.stdout, /deprecated +true/)
  assert.equal((await cli('delete', ORDER)).code, 0)
  assert.equal((await cli('show', ORDER)).code, 5)
})
