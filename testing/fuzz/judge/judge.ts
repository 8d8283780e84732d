/** Rules that must hold for every input. */
import { type Input, ORIGIN } from '../inputs/input.ts'
import { API_KEY, type FuzzWorld, OLD_KEY, SECRETS, TOKEN } from '../run/world.ts'
import { mayBeRecorded, signedFields, wrongTerms } from './oracle.ts'
import type { Change, Table } from './table-snapshot.ts'

/**
 * The longest time that the Worker may take for an answer, in milliseconds. WeChat waits five seconds for an answer; an input
 * that takes more than one second is usable for an attack.
 */
export const ANSWER_MS_MAX = 1_000

/** What the Worker answered, logged and changed because of one input. */
export type Observed = Readonly<{
  status: number
  text: string
  headers: Headers
  /** The `code` of a problem+json answer, or the return_code of an answer to WeChat; else empty. */
  code: string
  /** The events that the Worker logged, with their reasons, as `event:reason`. */
  reasons: readonly string[]
  changes: readonly Change[]
  ms: number
}>

/** The lifetime of the fixture's tickets, in seconds. The tickets are issued at the beginning of the world. */
const TICKET_LIFE_S = 86_400

/** The codes and statuses of the documented 5xx answers. Any other 5xx answer is a bug. */
const ANSWERS_5XX: Readonly<Record<string, number>> = {
  misconfigured: 500,
  refund_not_configured: 501,
  wechat_refused: 502,
  wechat_unavailable: 503,
  // WeChat did not confirm a notice in time, and sends it again.
  FAIL: 503,
}

/** Compares what an input caused with the rules. @returns a sentence for each broken rule. */
export function judge(world: FuzzWorld, input: Input, observed: Observed): string[] {
  return [
    ...judgeAnswer(world, input, observed),
    ...judgeChanges(world, input, observed),
    ...judgeTerms(input, observed),
    ...judgeAccess(world, input, observed),
  ]
}

/**
 * Checks access: the merchant API answers only with the token, `/result` only with a ticket that was issued and has not
 * expired.
 */
function judgeAccess(world: FuzzWorld, input: Input, { status }: Observed): string[] {
  const { pathname, searchParams } = new URL(input.path, ORIGIN)
  if (/^\/(orders|reviews|deliveries|runs)(\/|$)/.test(pathname) && !hasToken(input)) {
    return [401, 404, 405].includes(status) ? [] : ['the merchant API answered without the token']
  }
  if (pathOf(input) !== '/result' || status !== 200) return []
  const ticket = searchParams.get('ticket') ?? ''
  const isGood = world.seeds.tickets.includes(ticket) && input.at < TICKET_LIFE_S
  return isGood ? [] : ['/result accepted a ticket that was never issued or has expired']
}

/** Checks the answer itself: its status, its form, and that it has no secret. */
export function judgeAnswer(world: FuzzWorld, input: Input, observed: Observed): string[] {
  const { status, code, text, headers, ms } = observed
  const wrong: string[] = []
  if (status >= 500 && ANSWERS_5XX[code] !== status && pathOf(input) !== '/health') {
    wrong.push(`an undocumented 5xx: ${status} ${code}`)
  }
  if (world.log.some(({ event }) => event === 'internal_error')) wrong.push('an internal error')
  if (ms > ANSWER_MS_MAX) wrong.push(`an answer slower than ${ANSWER_MS_MAX} ms`)
  const said = text + JSON.stringify(world.log)
  if (SECRETS.some((secret) => said.includes(secret))) wrong.push('a secret in an answer or a log')
  if (JSON.stringify(world.log).includes(world.payer)) wrong.push('an openid in a log')
  if (isToWeChat(input) && ![NOTICE_ACCEPTED, NOTICE_REFUSED].includes(text)) {
    wrong.push('an answer to a notice that WeChat does not understand')
  }
  if (isToWeChat(input) && (status === 200) !== (text === NOTICE_ACCEPTED)) {
    wrong.push('an answer to a notice whose status and body contradict each other')
  }
  if (status === 405 && headers.get('allow') === null) wrong.push('405 without Allow')
  if (status >= 400 && !isToWeChat(input) && code === '' && input.method !== 'HEAD') {
    wrong.push('an error answer without a code')
  }
  return wrong
}

const answer = (code: string, message: string): string =>
  `<xml><return_code><![CDATA[${code}]]></return_code><return_msg><![CDATA[${message}]]></return_msg></xml>`
const NOTICE_ACCEPTED = answer('SUCCESS', 'OK')
const NOTICE_REFUSED = answer('FAIL', 'REFUSED')

function judgeChanges(world: FuzzWorld, input: Input, observed: Observed): string[] {
  const { changes } = observed
  if (changes.length === 0) return []
  const allowed = allowedTables(world, input, observed)
  const tables = [...new Set(changes.map(({ table }) => table))]
  const wrong = tables
    .filter((table) => !allowed.tables.includes(table))
    .map((table) => `a change of table ${table}, which this input must not make`)

  const money = changes.some(
    ({ table, before, after }) =>
      table === 'payments' ||
      (table === 'orders' && before?.['state'] !== after?.['state'] && after?.['state'] === 'paid'),
  )
  if (money && !allowed.money) wrong.push('a payment was recorded that WeChat did not confirm')
  if (changes.some(({ table, after }) => table === 'payments' && after === undefined)) {
    wrong.push('a payment was deleted')
  }
  if (
    changes.some(
      ({ table, before }) => table === 'orders' && before?.['state'] === 'paid' && !allowed.money,
    )
  ) {
    wrong.push('a paid order was changed')
  }
  const others = changes.filter(
    ({ ordercode }) => allowed.ordercode !== undefined && ordercode !== allowed.ordercode,
  )
  if (others.length > 0) wrong.push(`a change of another order: ${others[0]?.ordercode}`)
  return wrong
}

type Allowed = Readonly<{
  tables: readonly Table[]
  /** Whether the input may make the Worker record a payment. */
  money: boolean
  /** The only order that the input may change; undefined when it may change any. */
  ordercode?: string
}>

/** The documented default of the variable, in fen. */
const NOTICE_CONFIRM_FROM = 100_000

const NOTHING: Allowed = { tables: [], money: false }
const ORDER = ['orders', 'attempts', 'events', 'deliveries', 'reviews'] as const
const ORDER_WITHOUT_MONEY: Allowed = { tables: ORDER, money: false }

function allowedTables(world: FuzzWorld, input: Input, { status, code }: Observed): Allowed {
  if (isNotice(input)) {
    const bytes = input.body?.bytes ?? new Uint8Array()
    const fields = signedFields(bytes, API_KEY)
    // A notice under the old key makes the Worker query WeChat. WeChat's answer may change the order, but contains no
    // payment.
    if (fields === undefined)
      return signedFields(bytes, OLD_KEY) === undefined ? NOTHING : ORDER_WITHOUT_MONEY
    if (!mayBeRecorded(world, fields)) {
      // So does a notice of an amount that must be confirmed.
      return Number(fields.get('total_fee')) >= NOTICE_CONFIRM_FROM
        ? ORDER_WITHOUT_MONEY
        : { tables: ['reviews', 'deliveries'], money: false }
    }
    return { tables: [...ORDER, 'payments'], money: true }
  }
  const path = pathOf(input)
  const [, list, ordercode = ''] = path.split('/')
  // A request that the Worker refused as invalid must not have changed any table.
  if (status >= 400 && status < 500 && ![409, 429].includes(status)) return NOTHING
  // `/pay` and `/result` make the Worker query WeChat about the order. WeChat's answer may change the order, but contains no
  // payment.
  if (path === '/pay' || path === '/result') return ORDER_WITHOUT_MONEY
  if (!hasToken(input) || input.method === 'GET') return NOTHING
  switch (list) {
    case 'orders':
      if (
        input.method === 'PUT' &&
        ['order_paid', 'order_closed', 'revision_conflict'].includes(code)
      ) {
        return NOTHING
      }
      return { tables: ORDER, money: false, ordercode }
    case 'reviews':
      return { tables: [...ORDER, 'payments'], money: true }
    case 'deliveries':
      return { tables: ['deliveries'], money: false }
    default:
      return NOTHING
  }
}

/** `PUT /orders/…` must accept only terms that the documentation allows. */
function judgeTerms(input: Input, { status }: Observed): string[] {
  const isPut = input.method === 'PUT' && /^\/orders\/[^/]+$/.test(pathOf(input))
  if (!isPut || status >= 300) return []
  const wrong = wrongTerms(input.body)
  return wrong === undefined ? [] : [`terms were accepted that are not allowed: ${wrong}`]
}

const isNotice = (input: Input): boolean => input.method === 'POST' && pathOf(input) === '/notify'

const isToWeChat = (input: Input): boolean =>
  input.method === 'POST' && /^\/notify(\/refund)?$/.test(pathOf(input))

const pathOf = (input: Input): string => new URL(input.path, ORIGIN).pathname.replace(/\/$/, '')

const hasToken = ({ headers }: Input): boolean =>
  headers.some(([name, value]) => name === 'authorization' && value.endsWith(TOKEN))
