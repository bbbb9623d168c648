// Threads bear the names by which docs/operating.md lists them, so that who
// looks at a busy hub from outside sees what is at work.

import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { ROOT, startHub, waitUntil } from './harness.mjs'

/** The names of the process's threads, as `ps -L` has them. */
function threadNames (pid) {
  const tasks = `/proc/${pid}/task`
  const names = []
  for (const task of readdirSync(tasks)) {
    try {
      names.push(readFileSync(path.join(tasks, task, 'comm'), 'utf8').trim())
    } catch (error) {
      if (!['ENOENT', 'ESRCH'].includes(error.code)) throw error // it ended
    }
  }
  // The thread sanitizer has one of its own, named as the process is.
  if (process.env.GRAPNEL_BUILD === 'tsan') {
    names.splice(names.indexOf('grapnel', names.indexOf('grapnel') + 1), 1)
  }
  return names.sort()
}

/** Those of the manual, with N where a number stands. */
function documentedNames () {
  const text = readFileSync(path.join(ROOT, 'docs/operating.md'), 'utf8')
  const [, section] = text.split('## Threads\n')
  const rows = section.split('\n## ')[0].matchAll(/^\| `([^`]+)` \|/gm)
  return [...rows].map(([, name]) => name)
}

test('each thread bears a name that the manual lists', async (t) => {
  const hub = await startHub(t, {
    args: ['--server-threads', '2', '--workers', '3', '--flow-threads', '1']
  })
  const { body } = await hub.api.post('/v1/scenarios', {
    name: 'Says nothing',
    flow: [
      { id: 1, module: 'gateway:CustomWebHook', version: 1 },
      {
        id: 2,
        module: 'util:SetVariables',
        version: 1,
        mapper: { scope: 'roundtrip', variables: [{ name: 'a', value: '1' }] }
      }
    ]
  })
  await hub.api.post(`/v1/scenarios/${body.id}/run`, {})
  const documented = documentedNames()
  const names = await waitUntil(() => {
    const names = threadNames(hub.child.pid)
    return names.includes('flow-0') && names
  }, 'a thread runs the scenario')
  for (const some of ['serve-0', 'serve-1', 'worker-0', 'worker-1', 'worker-2',
    'desk-0', 'writer']) {
    assert.ok(names.includes(some), `${some} of ${names}`)
  }
  const kinds = new Set(names.map((each) => each.replace(/-\d+$/, '-N')))
  for (const kind of kinds) {
    assert.ok(documented.includes(kind), `${kind} is in the manual`)
  }
  // It is there only while a name is looked up.
  assert.deepEqual(documented.filter((each) => !kinds.has(each)), ['resolver'])
  assert.equal(names.filter((each) => each === 'grapnel').length, 1)
  assert.equal(new Set(names).size, names.length, `no name twice: ${names}`)
})
