// Data stores: what scenarios keep, seen and changed from outside.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { ADMIN_TOKEN, run, startHub, tempDir } from './harness.mjs'

const ALL = '/v1/data-stores'
const FIELDS = [
  { name: 'name', type: 'text', required: true },
  { name: 'cores', type: 'integer' },
  { name: 'seen', type: 'date' }
]

test('records of a data store are kept as its structure wants them',
  async (t) => {
    const hub = await startHub(t)
    const made = await hub.api.post(ALL,
      { id: 'servers', structure: FIELDS, strict: true, maxRecords: 3 })
    assert.equal(made.status, 201, made.text)
    assert.equal(made.headers.location, `${ALL}/servers`)
    const again = await hub.api.post(ALL, { id: 'servers' })
    assert.equal(again.status, 409)
    assert.equal(again.headers.location, undefined)
    const spaced = await hub.api.post(ALL, { id: 'my ä' })
    assert.equal(spaced.headers.location, `${ALL}/my%20%C3%A4`)
    assert.equal((await hub.api.get(spaced.headers.location)).status, 200)

    const record = `${ALL}/servers/records/a%2Fb`
    const put = await hub.api.put(record,
      { name: 'one', cores: '8', seen: '2026-01-02T03:04:05Z' })
    assert.equal(put.status, 201, put.text)
    assert.equal(put.body.key, 'a/b')
    assert.deepEqual(put.body.data, { name: 'one', cores: 8,
      seen: { $date: '2026-01-02T03:04:05.000Z' } })
    const patched = await hub.api.patch(record, { cores: null, name: 'two' })
    assert.equal(patched.status, 200, patched.text)
    await hub.restart()
    assert.deepEqual((await hub.api.get(record)).body.data,
      { name: 'two', seen: { $date: '2026-01-02T03:04:05.000Z' } })

    const wrong = [
      [{}, /data\.name: must be given/],
      [{ name: 'x', cores: 'many' }, /data\.cores: expected a whole number/],
      [{ name: 'x', colour: 'red' }, /data\.colour: the structure has no/]
    ]
    for (const [data, said] of wrong) {
      const answer = await hub.api.put(`${ALL}/servers/records/x`, data)
      assert.equal(answer.status, 400, answer.text)
      assert.match(answer.text, said)
    }
    for (const key of ['k1', 'k2']) {
      assert.equal((await hub.api.put(`${ALL}/servers/records/${key}`,
        { name: key })).status, 201)
    }
    const full = await hub.api.put(`${ALL}/servers/records/k3`, { name: 'k' })
    assert.equal(full.status, 507, full.text)
    const seen = await hub.api.get(`${ALL}/servers`)
    assert.equal(seen.body.records, 3)
    assert.ok(seen.body.bytes > 0)
  })

test('records are listed by key, page by page, and searched', async (t) => {
  const hub = await startHub(t)
  await hub.api.post(ALL, { id: 'd' })
  for (let i = 0; i < 5; i++) {
    await hub.api.put(`${ALL}/d/records/k${i}`, { n: i, odd: i % 2 === 1 })
  }
  const first = await hub.api.get(`${ALL}/d/records?limit=2`)
  assert.deepEqual(first.body.items.map((item) => item.key), ['k0', 'k1'])
  assert.equal(first.body.total, 5)
  assert.equal(first.body.next, 'k1')
  const rest = await hub.api.get(`${ALL}/d/records?after=k1`)
  assert.deepEqual(rest.body.items.map((item) => item.key), ['k2', 'k3', 'k4'])
  assert.equal(rest.body.next, null)
  const found = await hub.api.post(`${ALL}/d/search`, {
    filter: [[{ a: 'n', o: 'number:greater', b: '1' }]],
    sort: [{ key: 'odd', order: -1 }, { key: 'n', order: 1 }],
    limit: 2
  })
  assert.deepEqual(found.body.items.map((item) => item.key), ['k3', 'k2'])
  assert.equal((await hub.api.post(`${ALL}/d/search`,
    { filter: [[{ a: 'n', o: 'number:bigger', b: '1' }]] })).status, 400)
  for (const [body, told] of [
    [[], /expected an object/], [{ fitler: [] }, /no member "fitler"/],
    [{ filter: [{ a: 'n' }] }, /list of lists/],
    [{ filter: [[{ a: 'n' }]] }, /operator/],
    [{ sort: [{ key: 'n', order: 'down' }] }, /1 or -1/],
    [{ limit: 0 }, /from 1 to 3200/], [{ limit: 'all' }, /whole number/]]) {
    const refused = await hub.api.post(`${ALL}/d/search`, body)
    assert.equal(refused.status, 400)
    assert.match(JSON.stringify(refused.body).replaceAll('\\"', '"'), told)
  }
  const cleared = await hub.api.del(`${ALL}/d/records`)
  assert.equal(cleared.body.deleted, 5)
  assert.equal((await hub.api.get(`${ALL}/d`)).body.bytes, 0)
  assert.equal((await hub.api.del(`${ALL}/d`)).status, 204)
  for (const path of ['', '/records', '/records/k0']) {
    assert.equal((await hub.api.get(`${ALL}/d${path}`)).status, 404)
  }
  assert.equal((await hub.api.put(`${ALL}/d/records/k0`, {})).status, 404)
})

test('what is wrong with a data store is told', async (t) => {
  const hub = await startHub(t)
  const cases = [
    [{ id: 'a/b' }, /without a slash/],
    [{ id: '..' }, /not .*\.\./],
    [{ id: 'a', strict: true }, /needs a structure/],
    [{ id: 'a', maxRecords: 0 }, /maxRecords: expected a whole number from 1/],
    [{ id: 'a', size: 1 }, /has no member \\"size\\"/],
    [{ id: 'a', structure: [{ name: 'x', type: 'txt' }] },
      /structure\[0\] \(x\): there is no type \\"txt\\"/],
    [{ id: 'a', structure: [{ name: 'x', type: 'text' },
      { name: 'x', type: 'text' }] }, /there is a \\"x\\" already/]
  ]
  for (const [body, said] of cases) {
    const answer = await hub.api.post(ALL, body)
    assert.equal(answer.status, 400, answer.text)
    assert.match(answer.text, said)
  }
})

test('changes of records and data stores are of the audit log', async (t) => {
  const hub = await startHub(t)
  await hub.api.post(ALL, { id: 'd' })
  await hub.api.put(`${ALL}/d/records/k`, { n: 1 })
  await hub.api.patch(`${ALL}/d`, { maxRecords: 5 })
  await hub.api.del(`${ALL}/d/records/k`)
  await hub.api.del(`${ALL}/d`)
  const log = await run(['audit', 'list', '--json'],
    { env: { GRAPNEL_URL: hub.url, GRAPNEL_TOKEN: ADMIN_TOKEN } })
  for (const id of ['"d/k"', '"d"']) assert.ok(log.stdout.includes(id), id)
  assert.match(log.stdout, /data_stores/)
  assert.match(log.stdout, /deleted/)
})

test('the command line makes, fills, reads and drops data stores',
  async (t) => {
    const hub = await startHub(t)
    const cli = (...args) => run(['data-store', ...args],
      { env: { GRAPNEL_URL: hub.url, GRAPNEL_TOKEN: ADMIN_TOKEN } })
    const file = join(tempDir(t), 'fields.json')
    writeFileSync(file, JSON.stringify(FIELDS))

    const made = await cli('create', 'servers', '--structure', file,
      '--strict', 'true', '--max-records', '10')
    assert.equal(made.code, 0, made.stderr)
    assert.equal((await cli('create', 'servers', '--update', '--name',
      'the servers')).code, 0)
    const put = await cli('put', 'servers', 's1', '{"name": "one"}')
    assert.equal(put.code, 0, put.stderr)
    assert.equal((await cli('put', 'servers', 's1', '{"cores": 4}',
      '--merge')).code, 0)
    assert.equal((await cli('put', 'servers', 's2', '{')).code, 2)
    assert.equal((await cli('put', 'servers', 's2', '{}')).code, 1)
    const got = await cli('get', 'servers', 's1', '--json')
    assert.deepEqual(JSON.parse(got.stdout).data, { name: 'one', cores: 4 })
    assert.match((await cli('list')).stdout, /servers\s+the servers\s+1 /)
    assert.match((await cli('show', 'servers')).stdout, /strict/)
    const found = await cli('records', 'servers', '--filter',
      '[[{"a":"cores","o":"number:equal","b":4}]]', '--sort', '-name')
    assert.match(found.stdout, /s1\s+\{"name":"one","cores":4\}/)
    assert.equal((await cli('delete', 'servers')).code, 2)
    assert.equal((await cli('delete', 'servers', 's1')).code, 0)
    assert.equal((await cli('get', 'servers', 's1')).code, 5)
    assert.equal((await cli('delete', 'servers', '--all')).code, 0)
    assert.equal((await cli('drop', 'servers')).code, 0)
    assert.equal((await cli('show', 'servers')).code, 5)
  })
