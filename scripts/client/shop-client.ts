/** Plays the shop's backend: calls the Worker's merchant API. */
import { call, type Call, type OnExchange } from './http-call.ts'

/** The fields of an order's JSON that the commands read. */
export type OrderJson = {
  ordercode: string
  state: string
  revision: number
  total_fee: number
  body: string
  transaction_id: string | null
  attempts: { out_trade_no: string; state: string; openid: string; total_fee: number }[]
  payments: { transaction_id: string; total_fee: number }[]
  paid_at: string | null
  refunded_fee: number
  refunds: RefundJson[]
}

/** The fields of a refund's JSON that the commands read. */
export type RefundJson = { out_refund_no: string; state: string; refund_id: string | null }

/** The fields of a daily bill's report that the commands read. `bill` is WeChat's side, `books` are our records. */
export type BillJson = {
  state: string
  bill: { payments: number; total_fee: number }
  books: { payments: number; total_fee: number } | null
  differences: { kind: string; subject: string; review_id: string | null }[]
}

/** The fields of a review's JSON that the commands read. */
export type ReviewJson = { id: string; kind: string; ordercode: string | null }

/** One event of an order; `source` says how a payment became known. */
export type EventJson = { type: string; source?: string }

/**
 * The merchant token of the Worker that `npm start` and `npm run demo` run on this machine. It is public and protects
 * nothing. It never changes, so that commands in the documentation can be copied.
 */
export const DEMO_TOKEN = 'demo-merchant-token-not-a-secret-at-all'

/** The shop's backend, made by {@link shopClient}. */
export type ShopClient = ReturnType<typeof shopClient>

/**
 * Creates the shop's backend.
 *
 * @param worker Address of the Worker.
 * @param onExchange Called after every request and its answer, for a transcript.
 */
export function shopClient(worker: string, onExchange?: OnExchange, token = DEMO_TOKEN) {
  const shop = <T>(method: Call['method'], path: string, more: Partial<Call> = {}): Promise<T> =>
    call<T>({ method, url: `${worker}${path}`, token, ...more }, onExchange)
  return {
    register: (ordercode: string, terms: { total_fee: number; body: string }) =>
      shop<OrderJson>('PUT', `/orders/${ordercode}`, { body: terms, status: 201 }),
    order: (ordercode: string) => shop<OrderJson>('GET', `/orders/${ordercode}`),
    events: async (ordercode: string): Promise<EventJson[]> => {
      const { events } = await shop<{ events: EventJson[] }>('GET', `/orders/${ordercode}/events`)
      return events
    },
    /**
     * Requests a refund with the out_refund_no `number`. Throws a CliError unless the Worker answers with the HTTP
     * status `status`. If the Worker refuses the refund, its answer has a `code` that names the reason.
     */
    refund: (ordercode: string, number: string, body: { refund_fee: number }, status: number) =>
      shop<RefundJson & { code?: string }>('PUT', `/orders/${ordercode}/refunds/${number}`, {
        body,
        status,
      }),
    bill: (day: string) => shop<BillJson>('GET', `/bills/${day}`),
    reconcile: (day: string) => shop<BillJson>('POST', `/bills/${day}/reconcile`),
    reviews: () => shop<{ reviews: ReviewJson[] }>('GET', '/reviews?open=true'),
  }
}

/** Makes an ordercode from the local time and three random characters, for example `sample-1123-150405-k7x`. */
export function sampleOrdercode(at = new Date()): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = two(at.getMonth() + 1) + two(at.getDate())
  const time = two(at.getHours()) + two(at.getMinutes()) + two(at.getSeconds())
  const luck = Math.floor(Math.random() * 36 ** 3)
  return `sample-${day}-${time}-${luck.toString(36).padStart(3, '0')}`
}

/** The price and name of the sample order, which `npm start` and `npm run pay` register. */
export const SAMPLE_TERMS = { total_fee: 2_900, body: '咖啡豆 250g' }
