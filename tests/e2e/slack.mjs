// Slack's Web API, as https://docs.slack.dev describes chat.postMessage.

import { Refusal, isObject, mediaType, startService } from './service.mjs'

export const SLACK_TOKEN = 'xoxb-0000-e2e'

/** Slack says no with status 200 and a word. */
const no = (error, messages = []) => new Refusal(
  [error, ...messages].join(' '), {
    body: { ok: false, error, response_metadata: { messages } }
  })

/** What Slack answers beyond about one message a second and channel. */
export const SLACK_RATE_LIMIT = {
  status: 429,
  headers: { 'retry-after': '30' },
  body: { ok: false, error: 'ratelimited' }
}

const TEXT_TYPES = ['mrkdwn', 'plain_text']

function checkSection (block, i) {
  const at = `/blocks/${i}`
  const bad = (text) =>
    no('invalid_blocks', [`[ERROR] ${text} [json-pointer:${at}]`])
  if (!isObject(block)) throw bad('must be an object')
  if (block.type !== 'section') throw bad('unsupported type in this test')
  const odd = Object.keys(block).find((name) =>
    !['type', 'text', 'block_id', 'fields', 'accessory'].includes(name))
  if (odd) throw bad(`unexpected member ${odd}`)
  if (!TEXT_TYPES.includes(block.text?.type)) throw bad('text has no type')
  const { text } = block.text
  if (typeof text !== 'string' || text === '' || text.length > 3000) {
    throw bad('text must have 1 to 3000 characters')
  }
}

/** The messages posted are kept: the bodies of the requests. */
export const startSlack = (t, channels = ['#servers']) =>
  startService(t, (call) => {
    if (call.method !== 'POST' || call.path !== '/api/chat.postMessage') {
      throw no('unknown_method')
    }
    if (call.headers.authorization !== `Bearer ${SLACK_TOKEN}`) {
      throw no('invalid_auth')
    }
    if (mediaType(call) !== 'application/json') throw no('invalid_post_type')
    if (!/charset=utf-8/i.test(call.headers['content-type'])) {
      throw no('missing_charset')
    }
    if (!isObject(call.json)) throw no('invalid_json')
    const { channel, blocks, text } = call.json
    if (!channels.includes(channel)) throw no('channel_not_found')
    if (blocks === undefined && !text) throw no('no_text')
    if (blocks !== undefined) {
      if (!Array.isArray(blocks)) throw no('invalid_blocks_format')
      if (blocks.length > 50) throw no('invalid_blocks', ['too many'])
      blocks.forEach(checkSection)
    }
    return {
      kept: call.json,
      body: {
        ok: true,
        channel: 'C0123456789',
        ts: '1700000000.000100',
        message: { type: 'message', subtype: 'bot_message', text: '', blocks }
      }
    }
  })
