// `make run`: the whole story, as a person sees it.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import path from 'node:path'
import { test } from 'node:test'

import {
  BIN, ROOT, atEnd, freePort, tempDir, waitUntil, within
} from './harness.mjs'

/** Starts it as a terminal does: Ctrl-C reaches the whole group. */
function startDemo (t, env) {
  const child = spawn(path.join(ROOT, 'tools/demo.sh'), [path.dirname(BIN)],
    { cwd: ROOT, detached: true, env: { ...process.env, ...env } })
  const demo = { child, text: '' }
  const over = once(child, 'close')
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => { demo.text += chunk })
  }
  demo.ctrlC = async () => {
    if (child.exitCode === null) process.kill(-child.pid, 'SIGINT')
    const [code] = await within(over, 'it ends')
    return code
  }
  atEnd(t, demo.ctrlC)
  demo.says = (...texts) => waitUntil(() => {
    const missing = texts.find((each) => !demo.text.includes(each))
    if (missing === undefined) return true
    throw new Error(`no ${JSON.stringify(missing)} in:\n${demo.text}`)
  }, 'the demo says it')
  return demo
}

const isTaken = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('connect', () => { socket.destroy(); resolve(true) })
  socket.on('error', () => resolve(false))
})

const settings = async (t) => ({
  DATA: path.join(tempDir(t), 'data'),
  PORT: await freePort(),
  SERVICES_PORT: await freePort(),
  MAIL_PORT: await freePort()
})

const TOLD = [
  'Slack    | :warning: Server *ESX-1.handsonlab.local* has just been ' +
    'shut down ! \n',
  'Slack    |  - Tag1:Location/Houston - Tag2:Application/Hypervisor\n',
  'mail     | Subject: Server ESX-1.handsonlab.local has been shut down\n',
  '<strong>SN:</strong> DEMO0000X1</li>',
  'Notion   |   Tags:          Tag1:Location/Houston\n' +
    'Notion   |                  Tag2:Application/Hypervisor\n',
  'It keeps serving'
]

test('make run tells of a server that is shut down in all three places',
  async (t) => {
    const env = await settings(t)
    const first = startDemo(t, env)
    await first.says('statusReason      Webhook handshake accepted.',
      '{\\"verification\\": \\"', 'matched 0 webhooks', 'matched 1 webhook\n',
      'DELIVERED', 'flow[6].routes[2].flow[0]', ...TOLD)
    assert.equal(await first.ctrlC(), 0)
    for (const name of ['PORT', 'SERVICES_PORT', 'MAIL_PORT']) {
      assert.equal(await isTaken(env[name]), false, name)
    }
    // On the same data everything is there already.
    const second = startDemo(t, env)
    await second.says('are there from an earlier run', ...TOLD)
    assert.equal(await second.ctrlC(), 0)
  })

test('a port that is taken is told, with what to do', async (t) => {
  const env = await settings(t)
  const server = net.createServer().listen(env.MAIL_PORT, '127.0.0.1')
  atEnd(t, () => server.close())
  await once(server, 'listening')
  const demo = startDemo(t, env)
  await demo.says(`port ${env.MAIL_PORT} is taken`, 'MAIL_PORT=')
})
