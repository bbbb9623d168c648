// ServiceNow's Table API, as its documentation describes /api/now/table.

import crypto from 'node:crypto'

import { Refusal, isObject, mediaType, startService } from './service.mjs'

export const SNOW_USER = 'grapnel'
export const SNOW_PASSWORD = 'snow password'

const failure = (status, message, detail) =>
  ({ status, body: { error: { message, detail }, status: 'failure' } })

const no = (status, message, detail = null) =>
  new Refusal(message, failure(status, message, detail))

/** What an instance answers beyond its rules of rate. */
export const SNOW_RATE_LIMIT = {
  ...failure(429, 'Rate limit exceeded', ''),
  headers: { 'retry-after': '600', 'x-ratelimit-limit': '1000' }
}

const FIELDS = ['short_description', 'description', 'category', 'urgency',
  'impact', 'correlation_id', 'correlation_display', 'state', 'close_code',
  'close_notes']

/** Records that an encoded query finds: AND of equalities. */
function find (records, query) {
  const conditions = query.split('^').map((each) => {
    const [, name, value] = /^(\w+)=(.*)$/.exec(each) ?? []
    if (!name) throw no(400, `Invalid query: ${each}`)
    return [name, value]
  })
  return records.filter((record) =>
    conditions.every(([name, value]) => record[name] === value))
}

function pick (record, names) {
  if (!names) return record
  return Object.fromEntries(
    names.split(',').map((name) => [name, record[name]]))
}

function readRecord (call) {
  if (mediaType(call) !== 'application/json') {
    throw no(415, 'Unsupported Media Type')
  }
  if (!isObject(call.json)) throw no(400, 'Exception while reading request')
  const odd = Object.entries(call.json).find(([name, value]) =>
    !FIELDS.includes(name) || typeof value !== 'string')
  // The real one ignores unknown columns, which is what a test must see.
  if (odd) throw no(400, `not a column, or no text: ${odd[0]}`)
  return call.json
}

/** Incidents are in `incidents`; what wrote them is kept. */
export async function startServiceNow (t) {
  const incidents = []
  const basic = Buffer.from(`${SNOW_USER}:${SNOW_PASSWORD}`).toString('base64')
  const service = await startService(t, (call) => {
    if (call.headers.authorization !== `Basic ${basic}`) {
      throw no(401, 'User Not Authenticated',
        'Required to provide Auth information')
    }
    if (!call.headers.accept?.includes('application/json')) {
      throw no(406, 'Not acceptable')
    }
    const [, table, id] =
      /^\/api\/now\/table\/(\w+)(?:\/([0-9a-f]{32}))?$/.exec(call.path) ?? []
    if (table !== 'incident') throw no(400, `Invalid table ${table}`)
    if (call.method === 'GET' && !id) {
      const found = find(incidents, call.query.get('sysparm_query') ?? '')
        .slice(0, Number(call.query.get('sysparm_limit') ?? 10000))
      const names = call.query.get('sysparm_fields')
      return { body: { result: found.map((each) => pick(each, names)) } }
    }
    if (call.method === 'POST' && !id) {
      const record = {
        sys_id: crypto.randomBytes(16).toString('hex'),
        number: `INC${String(incidents.length + 10001).padStart(7, '0')}`,
        active: 'true',
        ...readRecord(call)
      }
      // After it is sure that the request is answered so.
      if (service.upcoming.length === 0) incidents.push(record)
      return {
        status: 201,
        headers: {
          location: `${service.url}${call.path}/${record.sys_id}`
        },
        kept: call.json,
        body: { result: record }
      }
    }
    const record = incidents.find(({ sys_id: own }) => own === id)
    if (call.method !== 'PATCH' || !record) {
      throw no(404, 'No Record found',
        'Record doesn\'t exist or ACL restricts the record retrieval')
    }
    Object.assign(record, readRecord(call))
    if (Number(record.state) >= 6) record.active = 'false'
    return { kept: call.json, body: { result: record } }
  })
  return Object.assign(service, { incidents })
}
