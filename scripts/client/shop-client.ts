/** The shop's side of the Worker, as the shop's own system would call it. */
import { call, type Call, type OnExchange } from './http-call.ts'

/** Of the order as the Worker tells it, what these tools look at. */
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

export type RefundJson = { out_refund_no: string; state: string; refund_id: string | null }

export type BillJson = {
  state: string
  bill: { payments: number; total_fee: number }
  books: { payments: number; total_fee: number } | null
  differences: { kind: string; subject: string; review_id: string | null }[]
}

export type ReviewJson = { id: string; kind: string; ordercode: string | null }

export type EventJson = { type: string; source?: string }

/**
 * Public demo data: it opens the Worker that `npm start` runs on this machine, and nothing else. That it never changes is
 * what lets commands be copied from the documentation.
 */
export const DEMO_TOKEN = 'demo-merchant-token-not-a-secret-at-all'

export type ShopClient = ReturnType<typeof shopClient>

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
    /** `code` is there when it was refused. */
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

/** A new ordercode of now, for example `sample-1123-150405-k7x`: two may be made in one second. */
export function sampleOrdercode(at = new Date()): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = two(at.getMonth() + 1) + two(at.getDate())
  const time = two(at.getHours()) + two(at.getMinutes()) + two(at.getSeconds())
  const luck = Math.floor(Math.random() * 36 ** 3)
  return `sample-${day}-${time}-${luck.toString(36).padStart(3, '0')}`
}

export const SAMPLE_TERMS = { total_fee: 2_900, body: '咖啡豆 250g' }
