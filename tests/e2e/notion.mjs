// Notion's API, version 2022-06-28, as https://developers.notion.com
// describes databases and pages.

import { Refusal, isObject, mediaType, startService } from './service.mjs'

export const NOTION_TOKEN = 'ntn_e2e'

const failure = (status, code, message) => ({
  status,
  body: { object: 'error', status, code, message, request_id: 'e2e' }
})

const no = (status, code, message) =>
  new Refusal(message, failure(status, code, message))

/** What Notion answers beyond three requests a second. */
export const NOTION_RATE_LIMIT = {
  ...failure(429, 'rate_limited',
    'You have been rate limited. Please try again in a few minutes.'),
  headers: { 'retry-after': '60' }
}

const isRichText = (value) => Array.isArray(value) && value.length <= 100 &&
  value.every((piece) => piece?.type === 'text' &&
    typeof piece.text?.content === 'string' &&
    piece.text.content.length <= 2000)

const isDate = (value) => typeof value === 'string' &&
  /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.test(value)

/** What a value of each type must be, and in which words Notion says so. */
const TYPES = {
  title: isRichText,
  rich_text: isRichText,
  checkbox: (value) => typeof value === 'boolean',
  url: (value) => value === null ||
    (typeof value === 'string' && value !== '' && URL.canParse(value)),
  date: (value) => value === null || (isObject(value) && isDate(value.start) &&
    (value.end === undefined || value.end === null || isDate(value.end))),
  multi_select: (value) => Array.isArray(value) && value.every((option) =>
    typeof option?.name === 'string' && !option.name.includes(',')),
  status: (value, property) => isObject(value) &&
    property.status.options.some(({ name }) => name === value.name)
}

function checkProperty (schema, name, value) {
  const property = Object.values(schema)
    .find((each) => each.name === name || each.id === name)
  if (!property) {
    throw no(400, 'validation_error',
      `${name} is not a property that exists.`)
  }
  if (!isObject(value) || !(property.type in value)) {
    throw no(400, 'validation_error',
      `${name} is expected to be ${property.type}.`)
  }
  if (!TYPES[property.type](value[property.type], property)) {
    throw no(400, 'validation_error',
      `body failed validation: ${name} is no ${property.type}: ` +
      JSON.stringify(value))
  }
}

/** A schema's property; statuses have options of their own. */
const property = (id, name, type, more = {}) =>
  ({ id, name, type, [type]: more })

const health = ['OK', 'WARNING', 'CRITICAL', 'NOT_PRESENT', 'READY', 'UNKNOWN']

/** The eight properties of the walk-through's database. */
export const EIGHT = Object.fromEntries([
  property('a%3Bc', 'Date', 'date'),
  property('title', 'Name', 'title'),
  property('b%40d', 'Serial Number', 'multi_select', { options: [] }),
  property('c%3Fe', 'Model', 'rich_text'),
  property('d%7Cf', 'Health', 'status', {
    options: health.map((name) => ({ id: name, name, color: 'default' })),
    groups: []
  }),
  property('e%3Eg', 'iLO', 'url'),
  property('f%3Ch', 'Fixed?', 'checkbox'),
  property('g%5Ei', 'Tags', 'rich_text')
].map((each) => [each.name, each]))

function checkHead (call) {
  if (call.headers.authorization !== `Bearer ${NOTION_TOKEN}`) {
    throw no(401, 'unauthorized', 'API token is invalid.')
  }
  if (call.headers['notion-version'] !== '2022-06-28') {
    throw no(400, 'missing_version',
      'Notion-Version header failed validation: Notion-Version header ' +
      'should be defined, instead was `undefined`.')
  }
}

/** The pages made are kept: the properties of each. */
export const startNotion = (t, database, schema = EIGHT) =>
  startService(t, (call) => {
    checkHead(call)
    if (call.method === 'GET' && call.path === `/v1/databases/${database}`) {
      return {
        body: { object: 'database', id: database, properties: schema }
      }
    }
    if (call.method !== 'POST' || call.path !== '/v1/pages') {
      throw no(404, 'object_not_found',
        `Could not find ${call.path}. Make sure the relevant pages and ` +
        'databases are shared with your integration.')
    }
    if (mediaType(call) !== 'application/json' || !isObject(call.json)) {
      throw no(400, 'invalid_json', 'Error parsing JSON body.')
    }
    const { parent, properties } = call.json
    if (parent?.database_id !== database) {
      throw no(404, 'object_not_found',
        `Could not find database with ID: ${parent?.database_id}.`)
    }
    if (!isObject(properties)) {
      throw no(400, 'validation_error', 'body failed validation: ' +
        'body.properties should be defined, instead was `undefined`.')
    }
    for (const [name, value] of Object.entries(properties)) {
      checkProperty(schema, name, value)
    }
    return {
      kept: properties,
      body: {
        object: 'page',
        id: '59833787-2cf9-4fdf-8782-e53db20768a5',
        url: 'https://www.notion.so/598337872cf94fdf8782e53db20768a5',
        parent,
        properties
      }
    }
  })
