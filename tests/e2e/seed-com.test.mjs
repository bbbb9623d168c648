// The scenario of the walk-through, end to end: a server is shut down, and
// that is told in Slack, by mail, and in a Notion database.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { activeWebhook, publish } from './com.mjs'
import { LAB, startHub, waitUntil } from './harness.mjs'
import { partOf, startMailbox } from './mailbox.mjs'
import {
  NOTION_RATE_LIMIT, NOTION_TOKEN, startNotion
} from './notion.mjs'
import {
  connect, execution, executions, grapnel, hookOf, importExample
} from './scenario-setup.mjs'
import { HANG } from './service.mjs'
import { SLACK_RATE_LIMIT, SLACK_TOKEN, startSlack } from './slack.mjs'

const EXAMPLE = 'com-server-shut-down.json'
const DATABASE = '00000000000000000000000000000000'
const SHUT_DOWN = "type eq 'compute-ops/server' and " +
  "old/hardware/powerState eq 'ON' and changed/hardware/powerState eq True"
const ID = 'P52534-B21+DEMO0000X1'

const server = (powerState, changes = {}) => ({
  id: ID,
  type: 'compute-ops-mgmt/server',
  name: 'ESX-1.handsonlab.local',
  updatedAt: '2026-03-02T08:15:02.447000+00:00',
  hardware: {
    serialNumber: 'DEMO0000X1',
    model: 'ProLiant DL380 Gen11',
    powerState,
    health: { summary: 'OK' },
    bmc: { ip: '192.0.2.21' }
  },
  tags: { Location: 'Houston', Application: 'Hypervisor' },
  ...changes
})

const TAGS = 'Tag1:Location/Houston\nTag2:Application/Hypervisor'

/** What the channel shows. */
const BLOCKS = [
  ':warning: Server *ESX-1.handsonlab.local* has just been shut down ! ',
  ' - *iLO*: 192.0.2.21',
  ' - *S/N*: DEMO0000X1',
  ' - *Model*: ProLiant DL380 Gen11',
  ' - Tag1:Location/Houston - Tag2:Application/Hypervisor'
].map((text) => ({ type: 'section', text: { type: 'mrkdwn', text } }))

const HTML = `<!DOCTYPE html>
<html lang="en">
<head>
    <meta charset="UTF-8">
    <title>Server Notification</title>
</head>
<body>
    <p>Server <strong>ESX-1.handsonlab.local</strong> has just been shut down!</p>

    <ul>
        <li><strong>Model:</strong> ProLiant DL380 Gen11</li>
        <li><strong>iLO:</strong> 192.0.2.21</li>
        <li><strong>SN:</strong> DEMO0000X1</li>
        <li>${TAGS}</li>
    </ul>
</body>
</html>
`

const rich = (content) => [{ type: 'text', text: { content } }]

/** The record, each property as its type wants it. */
const RECORD = {
  Name: { title: rich('ESX-1.handsonlab.local') },
  Date: { date: { start: '2026-03-02T08:15:02.447Z' } },
  'Serial Number': { multi_select: [{ name: 'DEMO0000X1' }] },
  Model: { rich_text: rich('ProLiant DL380 Gen11') },
  Health: { status: { name: 'OK' } },
  iLO: { url: 'https://192.0.2.21' },
  'Fixed?': { checkbox: false },
  Tags: { rich_text: rich(TAGS) }
}

/** A hub with the three services, and connections to them. */
async function setUp (t) {
  const slack = await startSlack(t)
  const notion = await startNotion(t, DATABASE)
  const mailbox = await startMailbox(t)
  const hub = await startHub(t,
    { args: [...LAB, '--ca-file', mailbox.caFile] })
  await connect(hub, 'slack', 'slack',
    { token: SLACK_TOKEN, baseUrl: `${slack.url}/api` })
  await connect(hub, 'notion', 'notion',
    { token: NOTION_TOKEN, baseUrl: notion.url })
  await connect(hub, 'mail', 'email', {
    host: '127.0.0.1',
    port: mailbox.port,
    security: 'starttls',
    username: mailbox.user,
    password: mailbox.password,
    from: 'Grapnel <grapnel@example.com>'
  })
  const scenario = await importExample(hub, EXAMPLE)
  return { hub, slack, notion, mailbox, scenario }
}

async function begin (hub, scenario, bundle) {
  const { status, text } =
    await hub.api.post(`/v1/scenarios/${scenario}/run`, bundle)
  assert.equal(status, 202, text)
}

const shutDown = async (hub, changes) => {
  await publish(hub, 'compute-ops/server', ID, server('ON', changes))
  await publish(hub, 'compute-ops/server', ID, server('OFF', changes))
}

async function checkAll ({ slack, notion, mailbox }) {
  const [message] = await slack.waitFor(1)
  assert.deepEqual(message, { channel: '#servers', blocks: BLOCKS })
  const [record] = await notion.waitFor(1)
  assert.deepEqual(record, RECORD)
  await waitUntil(() => mailbox.mails.length > 0, 'the mail arrives')
  assert.equal(mailbox.mails.length, 1)
  const [{ from, to, user, isOverTls, entity }] = mailbox.mails
  assert.deepEqual([from, to, user, isOverTls],
    ['grapnel@example.com', ['ops@example.com'], mailbox.user, true])
  assert.equal(entity.headers.subject,
    'Server ESX-1.handsonlab.local has been shut down')
  assert.equal(partOf(entity, 'text/html').body, HTML)
  assert.match(partOf(entity, 'text/plain').body, /ProLiant DL380 Gen11/)
}

test('a server that is shut down is told in Slack, by mail and in Notion',
  async (t) => {
    const all = await setUp(t)
    const { hub, scenario } = all
    // The scenario itself answers the challenge, by the header's variable.
    const { destination } = await hookOf(hub, scenario)
    const webhook = await activeWebhook(hub, destination,
      { name: 'Server shutdown', eventFilter: SHUT_DOWN })
    assert.equal(webhook.statusReason, 'Webhook handshake accepted.')
    await shutDown(hub)
    await checkAll(all)
    const [challenge, event] = await executions(hub, scenario, 2)
    assert.deepEqual([challenge.state, event.state], ['SUCCESS', 'SUCCESS'])
    // Nobody is told of the challenge: the run ends before the tags.
    assert.deepEqual(
      (await execution(hub, challenge.id)).steps.map(({ name }) => name),
      ['util:SetVariable2', 'gateway:WebhookRespond'])
  })

test('a hook answers the challenge without any step of the scenario',
  async (t) => {
    const all = await setUp(t)
    const { hub, scenario } = all
    const { destination } =
      await hookOf(hub, scenario, '--challenge', 'com')
    await activeWebhook(hub, destination, { eventFilter: SHUT_DOWN })
    await shutDown(hub)
    await checkAll(all)
    assert.equal((await executions(hub, scenario, 1)).length, 1)
  })

const minutesUntil = (time) => (Date.parse(time) - Date.now()) / 60_000

test('within the hub it is the same, without a network',
  async (t) => {
    const all = await setUp(t)
    const { hub, scenario } = all
    const { local } = await hookOf(hub, scenario)
    assert.match(local, /^hook:/)
    await activeWebhook(hub, local, { eventFilter: SHUT_DOWN })
    await shutDown(hub)
    await checkAll(all)
    assert.equal((await executions(hub, scenario, 2)).length, 2)
  })

test('what a service does not take is put aside, told, and sent once later',
  async (t) => {
    const all = await setUp(t)
    const { hub, slack, notion, mailbox, scenario } = all
    slack.before(/chat/, SLACK_RATE_LIMIT)
    notion.before(/POST/, {
      ...NOTION_RATE_LIMIT, headers: { 'retry-after': '3600' }
    })
    await mailbox.refuseNext('450 4.2.0 Greylisted, try again later')
    await begin(hub, scenario, server('OFF'))
    const [run, ...aside] = await executions(hub, scenario, 4)
    assert.equal(run.state, 'WARNING')
    assert.deepEqual(aside.map(({ state, cause }) => [state, cause]),
      Array(3).fill(['INCOMPLETE', 'break']))
    assert.deepEqual(aside.map(({ error }) => error), [
      'RateLimitError: [429] ratelimited',
      'ConnectionError: the mail was not sent by 127.0.0.1: ' +
        '450 4.2.0 Greylisted, try again later',
      'RateLimitError: [429] You have been rate limited. ' +
        'Please try again in a few minutes.'
    ])
    // They come again by themselves, Notion as late as it asked for.
    const [slackAt, mailAt, notionAt] =
      aside.map(({ dueAt }) => minutesUntil(dueAt))
    assert.ok(slackAt > 10 && slackAt <= 15, slackAt)
    assert.ok(mailAt > 10 && mailAt <= 15, mailAt)
    assert.ok(notionAt > 55 && notionAt <= 60, notionAt)

    const told = await grapnel(hub, 'scenario', 'history', scenario, run.id)
    assert.match(told, /failed +RateLimitError: \[429\] ratelimited\n/)
    assert.match(told, /answer +429 \{"ok":false,"error":"ratelimited"\}/)
    assert.match(told, /450 4\.2\.0 Greylisted/)
    assert.ok(!told.includes(SLACK_TOKEN) && !told.includes(NOTION_TOKEN))

    for (const { id } of aside) {
      await grapnel(hub, 'scenario', 'retry', id)
    }
    await checkAll(all)
    await waitUntil(async () => {
      const over = await executions(hub, scenario, 4)
      assert.deepEqual(over.map(({ state }) => state),
        ['WARNING', 'SUCCESS', 'SUCCESS', 'SUCCESS'])
      return true
    })
  })

test('kill -9 between the services: each is told once', async (t) => {
  const all = await setUp(t)
  const { hub, slack, notion, mailbox, scenario } = all
  notion.before(/POST/, HANG)
  await begin(hub, scenario, server('OFF'))
  await waitUntil(() => notion.upcoming.length === 0, 'Notion is asked')
  await waitUntil(() => mailbox.mails.length === 1, 'the mail arrives')
  assert.equal(slack.kept.length, 1)
  await hub.kill9()
  await hub.start()
  await checkAll(all)
  const [{ state }] = await executions(hub, scenario, 1)
  assert.equal(state, 'SUCCESS')
})

test('what a service refuses is told in its own words', async (t) => {
  const { hub, scenario, slack, notion } = await setUp(t)
  await grapnel(hub, 'connection', 'create', 'mail', '--update',
    '--id', 'mail', '--member', 'password=wrong')
  await grapnel(hub, 'connection', 'create', 'slack', '--update',
    '--id', 'slack', '--member', 'token=xoxb-revoked')
  const unhealthy = server('OFF')
  unhealthy.hardware.health.summary = 'ON_FIRE'
  await begin(hub, scenario, unhealthy)
  const [, ...aside] = await executions(hub, scenario, 4)
  assert.deepEqual(aside.map(({ error }) => error.split(': ')[0]),
    ['InvalidAccessTokenError', 'InvalidAccessTokenError', 'DataError'])
  assert.match(aside[0].error, /invalid_auth/)
  assert.match(aside[1].error, /535/)
  assert.match(aside[2].error, /Health.*ON_FIRE/)
  assert.deepEqual([slack.kept, notion.kept], [[], []])
})
