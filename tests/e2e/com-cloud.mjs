// HPE's own side: the token server, and of Compute Ops Management's API the
// servers, jobs and groups, as https://developer.greenlake.hpe.com has them.

import crypto from 'node:crypto'

import { Refusal, isObject, mediaType, startService } from './service.mjs'

export const CLIENT = { id: '0f1e2d3c-e2e', secret: 'client secret' }
export const POWER_ON = '0cbb2377-1834-488d-840c-d5bf788c34fb'

const failure = (status, message) => ({
  status,
  body: {
    httpStatusCode: status,
    errorCode: `HPE-GL-COMPUTE_OPS-0500${status}`,
    message,
    debugId: '6be54d2b-0000-0000-0000-000000000000'
  }
})

const no = (status, message) => new Refusal(message, failure(status, message))

export const COM_RATE_LIMIT = {
  ...failure(429, 'Too many requests'), headers: { 'retry-after': '120' }
}

/** RFC 6749 §2.3.1 and §4.4; the client proves itself by Basic or the form. */
function giveToken (call, tokens) {
  const form = new URLSearchParams(call.text)
  const [, basic] = /^Basic (.+)$/.exec(call.headers.authorization) ?? []
  const [id, secret] = basic
    ? Buffer.from(basic, 'base64').toString().split(':')
      .map(decodeURIComponent)
    : [form.get('client_id'), form.get('client_secret')]
  if (id !== CLIENT.id || secret !== CLIENT.secret) {
    throw new Refusal('invalid_client', {
      status: 401,
      body: {
        error: 'invalid_client',
        error_description: 'Invalid client or client credentials.'
      }
    })
  }
  if (mediaType(call) !== 'application/x-www-form-urlencoded' ||
      form.get('grant_type') !== 'client_credentials') {
    throw new Refusal('grant', {
      status: 400, body: { error: 'unsupported_grant_type' }
    })
  }
  const token = crypto.randomUUID()
  tokens.add(token)
  return {
    body: { access_token: token, token_type: 'Bearer', expires_in: 7199 }
  }
}

function readBody (call, members) {
  if (mediaType(call) !== 'application/json') {
    throw no(415, 'Content-Type must be application/json')
  }
  const names = isObject(call.json) ? Object.keys(call.json) : []
  if (names.length === 0 || names.some((name) => !members.includes(name))) {
    throw no(400, `unexpected members: ${names}`)
  }
  return call.json
}

function createJob (call, servers) {
  const job = readBody(call,
    ['jobTemplate', 'resourceId', 'resourceType', 'jobParams'])
  if (job.jobTemplate !== POWER_ON) throw no(404, 'No such job template')
  if (job.resourceType !== 'compute-ops-mgmt/server' ||
      !servers[job.resourceId]) {
    throw no(404, 'No such server')
  }
  if (!isObject(job.jobParams)) throw no(400, 'jobParams is no object')
  const id = crypto.randomUUID()
  return {
    status: 201,
    kept: job,
    body: {
      id,
      parentJobId: null,
      type: 'compute-ops-mgmt/job',
      resourceUri: `/compute-ops-mgmt/v1/jobs/${id}`,
      name: 'PowerOn',
      jobTemplate: job.jobTemplate,
      resource: { id: job.resourceId, type: job.resourceType },
      jobParams: {},
      state: 'PENDING',
      resultCode: null,
      status: 'Pending'
    }
  }
}

function assign (call, group) {
  const { devices } = readBody(call, ['devices'])
  if (!group) throw no(404, 'No such group')
  const isRight = Array.isArray(devices) && devices.length > 0 &&
    devices.every((each) => typeof each?.deviceId === 'string')
  if (!isRight) throw no(400, 'devices: expected deviceId of each')
  return {
    status: 202,
    headers: {
      location: '/compute-ops-mgmt/v1beta1/async-operations/' +
        crypto.randomUUID()
    },
    kept: { group: group.name, devices },
    body: ''
  }
}

const API = '/compute-ops-mgmt/v1'

/** Servers by id, groups as a list; jobs and assignments are kept. */
export async function startComCloud (t, { servers = {}, groups = [] }) {
  const tokens = new Set()
  const service = await startService(t, (call) => {
    if (call.path === '/as/token.oauth2') return giveToken(call, tokens)
    const [, token] = /^Bearer (.+)$/.exec(call.headers.authorization) ?? []
    if (!tokens.has(token)) throw no(401, 'Jwt is expired')
    const [, id] = /\/(?:servers|groups)\/([^/]+)/.exec(call.path) ?? []
    switch (`${call.method} ${call.path.replace(id, '{id}')}`) {
      case `GET ${API}/servers/{id}`: {
        const server = servers[decodeURIComponent(id)]
        if (!server) throw no(404, 'No such server')
        return { body: server }
      }
      case `POST ${API}/jobs`: return createJob(call, servers)
      case `GET ${API}/groups`:
        return {
          body: {
            count: groups.length, offset: 0, total: groups.length,
            items: groups
          }
        }
      case `POST ${API}/groups/{id}/devices`:
        return assign(call, groups.find((each) => each.id === id))
      default: throw no(404, `no such path: ${call.path}`)
    }
  })
  return Object.assign(service, { tokens, servers })
}
