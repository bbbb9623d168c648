// kill -9 at every point of a run: nothing is lost, and what has a stored
// result is not done again.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { request, startHub, waitUntil } from './harness.mjs'
import { startReceiver } from './receiver.mjs'

const STEPS = ['a', 'b', 'c']
const MOMENTS = ['accepted', 'asked', 'answered']

/** Posts what `what` comes to. */
const post = (id, url, connection, what) => ({
  id,
  module: 'http:ActionSendData',
  version: 3,
  parameters: { handleErrors: true, connection },
  mapper: {
    url,
    method: 'post',
    bodyType: 'raw',
    contentType: 'application/json',
    data: what,
    parseResponse: true
  }
})

const blueprint = (url, connection) => ({
  name: 'Two routes',
  flow: [
    { id: 1, module: 'gateway:CustomWebHook', version: 1 },
    {
      id: 2,
      module: 'builtin:BasicRouter',
      version: 1,
      mapper: null,
      routes: [
        { flow: [post(3, url, connection, '{"step":"a","run":{{1.run}}}')] },
        {
          flow: [
            post(4, url, connection, '{"step":"b","run":{{1.run}}}'),
            post(5, url, connection, '{"step":"c","run":{{1.run}},"b":{{4.data.at}}}')
          ]
        }
      ]
    }
  ]
})

test('killed at any point a run is finished, each step in its order',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t)
    const asked = [] // {run, step, key}
    let armed // the moment of this round
    receiver.handler = (request, response) => {
      const { step, run } = JSON.parse(String(request.bytes))
      const at = asked.length
      asked.push({ run, step, key: request.headers['idempotency-key'] })
      const isNow = armed && armed.run === run && armed.step === step
      if (isNow && armed.moment === 'asked') return armed.reached()
      response.writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ at }), () => {
          if (isNow && armed.moment === 'answered') armed.reached()
        })
    }
    const connection = await hub.api.post('/v1/connections', {
      name: 'keyed',
      type: 'http',
      members: { idempotencyHeader: 'Idempotency-Key' }
    })
    assert.equal(connection.status, 201, connection.text)
    const scenario = await hub.api.post('/v1/scenarios', {
      blueprint: blueprint(receiver.url, connection.body.id),
      isEnabled: true
    })
    assert.deepEqual(scenario.body.problems, [])
    const hook = (await hub.api.post('/v1/hooks',
      { name: 'in', scenarioId: scenario.body.id })).body

    const rounds = MOMENTS.flatMap((moment) =>
      STEPS.map((step) => ({ moment, step })))
    for (const [run, round] of [...rounds, ...rounds].entries()) {
      const reached = new Promise((resolve) => {
        armed = { ...round, run, reached: resolve }
      })
      const answer = await request('POST', `${hub.url}/hook/${hook.token}`,
        { body: { run }, token: null })
      assert.equal(answer.status, 200)
      if (round.moment !== 'accepted') await reached
      await hub.kill9()
      armed = undefined
      await hub.start()
      await waitUntil(async () => {
        const { body } = await hub.api.get(
          `/v1/executions?scenario=${scenario.body.id}&state=SUCCESS`)
        return body.count === run + 1
      }, `run ${run} to be over, killed when ${round.step} was ${round.moment}`)
      const of = asked.filter((each) => each.run === run)
      const order = of.map((each) => each.step).join('')
      // Once at least, one after the other: what the next one was asked for
      // after, has a stored result and is not asked again. Twice at most, for
      // there was one kill.
      assert.match(order, /^a{1,2}b{1,2}c{1,2}$/, JSON.stringify(round))
      assert.ok(order.length <= 4, order)
      for (const step of STEPS) {
        const keys = of.filter((each) => each.step === step)
          .map((each) => each.key)
        assert.equal(new Set(keys).size, 1, 'a step has one key')
      }
      assert.equal(new Set(of.map((each) => each.key)).size, 3)
    }
    assert.equal(new Set(asked.map((each) => each.key)).size, 3 * 18)
  })
