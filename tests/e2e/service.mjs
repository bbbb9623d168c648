// Services that scenarios talk to, played on loopback. Each checks that what
// comes has the form that the service documents, and answers as it does: its
// success, its refusals, its limits of rate.

import assert from 'node:assert/strict'

import { waitUntil } from './harness.mjs'
import { startReceiver } from './receiver.mjs'

/** What the service answers to a request that is not as it wants it. */
export class Refusal extends Error {
  constructor (message, answer) {
    super(message)
    this.answer = answer
  }
}

/** For `before`: the request is taken and never answered. */
export const HANG = Symbol('hang')

/**
 * A running service. `answer(call)` gets {method, path, query, headers, text,
 * json} and returns {status, headers, body, kept}; or throws a Refusal, which
 * is kept in `complaints` as well. What was `kept` of answered requests is in
 * `kept`. `before(test, answer)` has the next request whose "METHOD path"
 * matches answered otherwise, once, however right it is; HANG is no answer.
 */
export async function startService (t, answer) {
  const service = { kept: [], complaints: [], upcoming: [] }
  const respond = (response, { status = 200, headers = {}, body }) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    response.writeHead(status,
      { 'content-type': 'application/json', ...headers }).end(text)
  }
  const receiver = await startReceiver(t, (request, response) => {
    const call = readCall(request)
    let given
    try {
      given = answer(call)
    } catch (error) {
      service.complaints.push(`${call.method} ${call.path}: ${error.message}`)
      respond(response, error.answer ?? { status: 500, body: error.stack })
      return
    }
    const place = service.upcoming.findIndex(({ test }) =>
      test.test(`${call.method} ${call.path}`))
    if (place >= 0) {
      const [instead] = service.upcoming.splice(place, 1)
      if (instead.answer !== HANG) respond(response, instead.answer)
      return
    }
    if (given.kept !== undefined) service.kept.push(given.kept)
    respond(response, given)
  })
  service.url = receiver.url.replace('/hook', '')
  service.requests = receiver.requests
  service.before = (test, instead) =>
    service.upcoming.push({ test, answer: instead })
  /** Waits for so many that were answered well, and no others. */
  service.waitFor = async (n) => {
    await waitUntil(() => {
      assert.deepEqual(service.complaints, [])
      return service.kept.length >= n
    }, `${n} requests that are right (${service.kept.length} came)`)
    assert.equal(service.kept.length, n)
    return service.kept
  }
  return service
}

function readCall (request) {
  const url = new URL(request.url, 'http://service')
  const text = request.bytes.toString()
  let json
  try {
    json = JSON.parse(text)
  } catch {
    json = undefined
  }
  return {
    method: request.method,
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    text,
    json
  }
}

/** The first media type, without its parameters. */
export const mediaType = (call) =>
  (call.headers['content-type'] ?? '').split(';')[0].trim()

export const isObject = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
