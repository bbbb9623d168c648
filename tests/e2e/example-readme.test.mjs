// examples/scenarios/README.md, followed word for word.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { CLIENT, startComCloud } from './com-cloud.mjs'
import { publish } from './com.mjs'
import { LAB, startHub, waitUntil } from './harness.mjs'
import { startMailbox } from './mailbox.mjs'
import { openShell, shellBlocks } from './manual.mjs'
import { NOTION_TOKEN, startNotion } from './notion.mjs'
import { redirect } from './scenario-setup.mjs'
import { SNOW_PASSWORD, startServiceNow } from './servicenow.mjs'
import { SPREADSHEET, makeServiceAccount, startSheets } from './sheets.mjs'
import { SLACK_TOKEN, startSlack } from './slack.mjs'
import { SERVER_ID, server } from './states.mjs'

const README = 'examples/scenarios/README.md'
const DATABASE = '1f2e3d4c5b6a79881f2e3d4c5b6a7988'

test('README: a server was shut down', async (t) => {
  const slack = await startSlack(t, ['#ops'])
  const notion = await startNotion(t, DATABASE)
  const mailbox = await startMailbox(t)
  const hub = await startHub(t,
    { args: [...LAB, '--ca-file', mailbox.caFile] })
  const type = openShell(t, hub, {
    SLACK_TOKEN,
    NOTION_TOKEN,
    MAIL_PASSWORD: mailbox.password,
    SLACK_CHANNEL: '#ops',
    MAIL_TO: 'me@example.com',
    NOTION_DATABASE: DATABASE
  })
  const [connect, setUp, tryIt] =
    shellBlocks(README, '## A server was shut down')
  await type(connect)
  await redirect(hub, 'slack', { baseUrl: `${slack.url}/api` })
  await redirect(hub, 'notion', { baseUrl: notion.url })
  await redirect(hub, 'mail', { host: '127.0.0.1', port: `${mailbox.port}` })
  await type(setUp)
  await type(tryIt)
  await slack.waitFor(1)
  const [record] = await notion.waitFor(1)
  assert.equal(record.Name.title[0].text.content, 'ESX-1.handsonlab.local')
  await waitUntil(() => mailbox.mails.length === 1)
  assert.deepEqual(mailbox.mails[0].to, ['me@example.com'])
})

test("README: GreenLake's audit log in a sheet", async (t) => {
  const account = makeServiceAccount()
  const sheets = await startSheets(t, account)
  const hub = await startHub(t)
  const type = openShell(t, hub, {
    ACCOUNT: account.json,
    SERVICE_ACCOUNT_FILE: 'key.json',
    GRAPNEL_WEBHOOK_SECRET: 'Secret123',
    SPREADSHEET
  })
  const [connect, setUp, tryIt] =
    shellBlocks(README, "## GreenLake's audit log in a sheet")
  await type('printenv ACCOUNT > key.json')
  await type(connect)
  await redirect(hub, 'google',
    { baseUrl: sheets.url, tokenUrl: `${sheets.url}/token` })
  await type(setUp)
  await type(tryIt)
  await waitUntil(() => sheets.kept.some(({ values: [[, category, , said]] }) =>
    category === 'keys' && said.includes('a-row')), 'the key has a row')
  assert.deepEqual(sheets.complaints, [])
})

test("README: a disk's alert becomes a ticket", async (t) => {
  const snow = await startServiceNow(t)
  const hub = await startHub(t)
  const type = openShell(t, hub, { SERVICENOW_PASSWORD: SNOW_PASSWORD })
  const [connect, setUp] =
    shellBlocks(README, "## A disk's alert becomes a ticket")
  await type(connect)
  await redirect(hub, 'servicenow', { baseUrl: snow.url })
  await type(setUp)
  await publish(hub, 'compute-ops/alert', 'a1', {
    id: 'a1', category: 'Storage', severity: 'WARNING', message: 'A disk'
  })
  const [{ short_description: said, urgency }] = await snow.waitFor(1)
  assert.deepEqual([said, urgency], ['A disk', '2'])
})

async function followCom (t, heading, cloud) {
  const hub = await startHub(t)
  const type = openShell(t, hub, {
    HPE_CLIENT_ID: CLIENT.id, HPE_CLIENT_SECRET: CLIENT.secret
  })
  const [connect, setUp] = shellBlocks(README, heading)
  await type(connect)
  await redirect(hub, 'com', {
    baseUrl: cloud.url, tokenUrl: `${cloud.url}/as/token.oauth2`
  })
  await type(setUp)
  return hub
}

test('README: a server that was shut down by accident', async (t) => {
  const state = (powerState) =>
    server({ hardware: { powerState }, tags: { Power: 'always-on' } })
  const cloud =
    await startComCloud(t, { servers: { [SERVER_ID]: state('OFF') } })
  const hub = await followCom(t,
    '## A server that was shut down by accident', cloud)
  await publish(hub, 'compute-ops/server', SERVER_ID, state('ON'))
  await publish(hub, 'compute-ops/server', SERVER_ID, state('OFF'))
  const [{ resourceId }] = await cloud.waitFor(1)
  assert.equal(resourceId, SERVER_ID)
})

test('README: a new server joins a group', async (t) => {
  const cloud =
    await startComCloud(t, { groups: [{ id: 'g1', name: 'ESXi hosts' }] })
  const hub = await followCom(t, '## A new server joins a group', cloud)
  for (const connected of [false, true]) {
    await publish(hub, 'compute-ops/server', SERVER_ID,
      server({ state: { connected } }))
  }
  const [{ group, devices }] = await cloud.waitFor(1)
  assert.deepEqual([group, devices],
    ['ESXi hosts', [{ deviceId: SERVER_ID }]])
})

test('README: a text, and nothing else', async (t) => {
  const hub = await startHub(t)
  const [all] = shellBlocks(README, '## A text, and nothing else')
  const told = await openShell(t, hub, {})(all)
  assert.match(told, /ESX-1\.handsonlab\.local .* is off, health OK/)
})
