// The walk-through of docs/scenarios.md, followed word for word, first with a
// bot that is not in the channel.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { LAB, startHub, waitUntil } from './harness.mjs'
import { startMailbox } from './mailbox.mjs'
import { openShell, shellBlocks } from './manual.mjs'
import { NOTION_TOKEN, startNotion } from './notion.mjs'
import { redirect } from './scenario-setup.mjs'
import { SLACK_TOKEN, startSlack } from './slack.mjs'

const DATABASE = '1f2e3d4c5b6a79881f2e3d4c5b6a7988'

test('a reader gets from an empty hub to a server told in three places',
  async (t) => {
    const channels = []
    const slack = await startSlack(t, channels)
    const notion = await startNotion(t, DATABASE)
    const mailbox = await startMailbox(t)
    const hub = await startHub(t,
      { args: [...LAB, '--ca-file', mailbox.caFile] })
    const type = openShell(t, hub, {
      SLACK_TOKEN,
      SLACK_CHANNEL: '#lab',
      NOTION_TOKEN,
      NOTION_DATABASE: DATABASE,
      MAIL_HOST: '127.0.0.1',
      MAIL_USER: mailbox.user,
      MAIL_PASSWORD: mailbox.password,
      MAIL_TO: 'me@example.com'
    })
    const [toSlack, toNotion, toMail, setUp, tryIt, mend, register, shutDown] =
      shellBlocks('docs/scenarios.md', '## A walk-through')
    for (const connect of [toSlack, toNotion, toMail]) await type(connect)
    await redirect(hub, 'slack', { baseUrl: `${slack.url}/api` })
    await redirect(hub, 'notion', { baseUrl: notion.url })
    await redirect(hub, 'mail', { port: `${mailbox.port}` })
    await type(setUp)

    // The bot is not in the channel: that is told, and mended.
    const tried = await type(tryIt)
    assert.match(tried, /^state +WARNING$/m)
    assert.match(tried,
      /failed +DataError: Slack refused: channel_not_found/)
    await notion.waitFor(1)
    await waitUntil(() => mailbox.mails.length === 1)
    channels.push('#lab')
    slack.complaints.length = 0
    assert.match(await type(mend), /INCOMPLETE/)
    await slack.waitFor(1)

    assert.match(await type(register), /ACTIVE/)
    assert.match(await type(shutDown), /SUCCESS +hook/)
    await slack.waitFor(2)
    await notion.waitFor(2)
    await waitUntil(() => mailbox.mails.length === 2)
    assert.deepEqual(notion.kept[0], notion.kept[1])
    assert.deepEqual(slack.kept[0], slack.kept[1])
  })
