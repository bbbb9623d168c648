// The examples of scenarios, set up in a hub as people set them up: from the
// shell, by the commands that the documentation shows.

import assert from 'node:assert/strict'
import path from 'node:path'

import { ADMIN_TOKEN, BIN, ROOT, run, waitUntil } from './harness.mjs'

export const EXAMPLES = path.join(ROOT, 'examples/scenarios')

/** What `grapnel …` prints; it must have worked. */
export async function grapnel (hub, ...args) {
  const { code, stdout, stderr } = await run(args, {
    env: { GRAPNEL_URL: hub.url, GRAPNEL_TOKEN: ADMIN_TOKEN, NO_COLOR: '1' }
  })
  assert.equal(code, 0, `grapnel ${args.join(' ')}: ${stdout}${stderr}`)
  return stdout
}

const json = async (hub, ...args) =>
  JSON.parse(await grapnel(hub, ...args, '--json'))

/** A connection by these members. */
export const connect = (hub, id, type, members) =>
  json(hub, 'connection', 'create', id, '--id', id, '--type', type,
    ...Object.entries(members)
      .flatMap(([name, value]) => ['--member', `${name}=${value}`]))

/** The connection, which has the real address, leads to a double instead. */
export async function redirect (hub, id, members) {
  const { status, text } =
    await hub.api.patch(`/v1/connections/${id}`, { members })
  assert.equal(status, 200, text)
}

/** An example imported and enabled: its scenario's id. */
export async function importExample (hub, name) {
  const file = path.join(EXAMPLES, name)
  const made = await json(hub, 'scenario', 'import', file, '--enable')
  assert.deepEqual(made.problems, [])
  return made.id
}

/**
 * A hook of the scenario: {id, destination, local}, its address over loopback
 * and the one that does not leave the hub.
 */
export async function hookOf (hub, scenario, ...options) {
  const hook = await json(hub, 'hook', 'create', 'in',
    '--scenario', scenario, ...options)
  return {
    id: hook.id, destination: hub.url + hook.url, local: hook.destination
  }
}

/** Executions of the scenario, the oldest first, once n of them are over. */
export const executions = (hub, scenario, n, query = '') =>
  waitUntil(async () => {
    const { body } = await hub.api.get(
      `/v1/executions?scenario=${scenario}&limit=100${query}`)
    const over = body.items.filter(({ state }) =>
      !['QUEUED', 'RUNNING'].includes(state))
    return over.length >= n && over.length === body.items.length &&
      over.reverse()
  }, `${n} executions of the scenario are over`)

/** An execution with its steps. */
export async function execution (hub, id) {
  const { status, body, text } = await hub.api.get(`/v1/executions/${id}`)
  assert.equal(status, 200, text)
  return body
}
