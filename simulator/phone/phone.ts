import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ControlTarget } from '../control/call.ts'
import { ControlError, needNumber, readJson } from '../control/json.ts'
import type { Conversation } from '../conversation/conversation.ts'
import { recordJsonCall } from '../conversation/json-call.ts'
import { Bookings } from './bookings.ts'
import { bundleScript } from './bundle.ts'
import { compileMiniProgram, type MiniProgram } from './mini-program.ts'
import { renderPage, renderScreen } from './pages.ts'
import { relay } from './relay.ts'

/** The surroundings of the virtual phone. */
export type PhoneOptions = {
  /** The Worker's origin. */
  worker: string
  /** The page of the Worker for operators, if there is one. */
  console?: string
  /**
   * Makes the shop's server, which answers requests to `/orders` and `/webhook`. It sends its own requests through `send`, so
   * that they appear in the conversation.
   */
  makeShop: (send: (request: Request) => Promise<Response>) => {
    fetch: (request: Request) => Promise<Response>
  }
  /** Runs the Worker's cron once, at WeChat's time. */
  cron: () => Promise<void>
}

/** The virtual phone: its page, the mini program on it, and the shop whose order it pays. */
export type Phone = {
  answer: (request: Request) => Promise<Response>
  /** Adds to the conversation what only the Worker's log says: that it has recorded a payment. */
  recorded: (ordercode: string, transactionId: string) => void
}

type Webhook = { type?: string; data?: { ordercode?: string; transaction_id?: string | null } }

const CSP =
  "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; frame-src 'self'; frame-ancestors 'self'; form-action 'none'; base-uri 'none'"
const BROWSER = join(import.meta.dirname, 'browser')
const SHOP_PATH = '/_shop'
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Beijing's time is so far ahead of UTC. */
const BEIJING_MS = 8 * HOUR_MS
/** When the Worker first asks for the bill of the day before, in Beijing: 10:10. */
const BILL_MS = 10 * HOUR_MS + 600_000
const BILL_RUNS = 3

/** When the Worker asks for the bill of the day of `now`. */
const nextBillAt = (now: number): number =>
  (Math.floor((now + BEIJING_MS) / DAY_MS) + 1) * DAY_MS - BEIJING_MS + BILL_MS

export function makePhone(
  options: PhoneOptions,
  target: ControlTarget & {
    conversation: Conversation
    /** WeChat's API, as the shop calls it. */
    askWechat: (request: Request) => Promise<Response>
  },
): Phone {
  const { conversation, simulator, clock, askWechat } = target
  const shop = options.makeShop((request) => sendFromShop(request, askWechat, conversation))
  let refusesWebhooks = false
  let compiled: MiniProgram | undefined

  const compile = async (origin: string): Promise<MiniProgram> => {
    const config = { WORKER: options.worker, SHOP: `${origin}${SHOP_PATH}` }
    return (compiled = await compileMiniProgram(config))
  }

  /** The page and its files. */
  const page = async (request: Request): Promise<Response | undefined> => {
    const { pathname, searchParams, origin } = new URL(request.url)
    const language = languageOf(searchParams.get('lang'), request)
    switch (pathname) {
      case '/':
        return html(renderPage(language, options.console))
      case '/_phone/screen':
        return html(renderScreen(language, (await compile(origin)).pages))
      case '/_phone/page.js':
        return text('text/javascript', await bundleScript('page'))
      case '/_phone/screen.js':
        return text('text/javascript', await bundleScript('screen'))
      case '/_phone/app.js':
        return text('text/javascript', (compiled ?? (await compile(origin))).script)
      case '/_phone/phone.css':
      case '/_phone/screen.css':
        return text(
          'text/css',
          readFileSync(join(BROWSER, pathname.split('/').at(-1) ?? ''), 'utf8'),
        )
    }
    const [, path] = /^\/_phone\/app\/(.+)\.css$/.exec(pathname) ?? []
    if (path === undefined) return undefined
    return text('text/css', (compiled ?? (await compile(origin))).stylesheets.get(path) ?? '')
  }

  const shopServer = (request: Request, path: string): Promise<Response> =>
    shop.fetch(new Request(new URL(path, 'http://shop.example'), request))

  const bookings = new Bookings()
  const hear = (...news: Parameters<Bookings['hear']>): void => {
    const said = bookings.hear(...news)
    if (said !== undefined) conversation.add(said)
  }

  const webhook = async (request: Request): Promise<Response> => {
    const { type = 'webhook', data = {} } = (await request.clone().json()) as Webhook
    // The webhook is proof that the payment is booked: both are one batch.
    const { ordercode, transaction_id: transactionId } = data
    if (type === 'order.paid' && ordercode && transactionId)
      hear(ordercode, transactionId, 'webhook')
    const send = async (each: Request): Promise<Response> =>
      refusesWebhooks ? new Response(null, { status: 503 }) : shopServer(each, '/webhook')
    const call = { from: 'worker', to: 'shop', what: type } as const
    return recordJsonCall(request, send, conversation, call)
  }

  const post = async (request: Request): Promise<Response> => {
    const { pathname, origin } = new URL(request.url)
    if (pathname === `${SHOP_PATH}/webhook`) return webhook(request)
    const body = await readJson(request)
    switch (pathname) {
      case '/_phone/request': {
        const askShop = (each: Request): Promise<Response> => shopServer(each, '/orders')
        const servers = { worker: options.worker, shop: `${origin}${SHOP_PATH}`, askShop }
        return Response.json(await relay(body, servers, conversation))
      }
      case '/_phone/advance':
        clock.advance(Math.round(needNumber(body, 'seconds') * 1_000))
        await options.cron()
        return Response.json({ now: clock.now() })
      case '/_phone/bill':
        clock.advance(nextBillAt(clock.now()) - clock.now())
        // One run downloads the bill and compares it, the next ones settle what differs.
        for (let run = 0; run < BILL_RUNS; run++) await options.cron()
        return Response.json({ now: clock.now() })
      case '/_phone/shop':
        refusesWebhooks = body['refuses_webhooks'] === true
        return Response.json({ ok: true })
      case '/_phone/reset':
        refusesWebhooks = false
        simulator.faults.clear()
        clock.reset()
        return Response.json({ now: clock.now(), last: conversation.lastNumber })
      default:
        return notFound()
    }
  }

  return {
    answer: async (request) => {
      try {
        return request.method === 'POST'
          ? await post(request)
          : ((await page(request)) ?? notFound())
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        return Response.json({ error: why }, { status: error instanceof ControlError ? 400 : 500 })
      }
    },
    recorded: (ordercode, transactionId) => hear(ordercode, transactionId, 'log'),
  }
}

/** The shop's own requests: to WeChat, which is in this process, and to the Worker. */
function sendFromShop(
  request: Request,
  askWechat: (request: Request) => Promise<Response>,
  conversation: Conversation,
): Promise<Response> {
  if (new URL(request.url).pathname.startsWith('/sns/')) return askWechat(request)
  const call = { from: 'shop', to: 'worker', what: 'register' } as const
  return recordJsonCall(request, (each) => fetch(each), conversation, call)
}

function languageOf(chosen: string | null, request: Request): 'zh' | 'en' {
  if (chosen === 'zh' || chosen === 'en') return chosen
  const [first = 'zh'] = (request.headers.get('accept-language') ?? 'zh').split(',')
  return first.startsWith('en') ? 'en' : 'zh'
}

const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': CSP,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
}

const text = (type: string, body: string): Response =>
  new Response(body, { headers: { ...HEADERS, 'Content-Type': `${type}; charset=utf-8` } })
const html = (body: string): Response => text('text/html', body)
const notFound = (): Response => new Response('Not found', { status: 404 })
