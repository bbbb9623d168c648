// The scenario of the walk-through, end to end: a server is shut down, and
// that is told in Slack, by mail, and in a Notion database.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { activeWebhook, publish } from './com.mjs'
import { LAB, request, startHub, waitUntil } from './harness.mjs'
import { partOf, startMailbox } from './mailbox.mjs'
import {
  NOTION_RATE_LIMIT, NOTION_TOKEN, startNotion
} from './notion.mjs'
import {
  connect, execution, executions, grapnel, hookOf, importExample
} from './scenario-setup.mjs'
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
