/** Runs the code of a document in a world: the Worker, a simulated WeChat, a shop's server and a phone. */
import type { PaymentParams } from '../../simulator/payer/phone.ts'
import { FuzzWorld, TOKEN } from '../fuzz/run/world.ts'
import { chanceOf } from '../simulation/run/random.ts'

const WXPAY_URL = 'https://pay.test'
const ORDERCODE = '20261123-7F3K'

/** What the mini program gives to `wx.request`. */
type WxRequest = Readonly<{
  url: string
  data: Readonly<Record<string, string>>
  success: (answer: { statusCode: number; data: unknown }) => void
}>

/** An order as the shop sees it, after the code has run. */
export type Seen = Readonly<{
  state: string
  total_fee: number
  body: string
  openid: string | null
}>

/**
 * Runs pieces of code one after the other: the shop has `fetch`, the phone `wx`. When the cashier opens, the payer pays.
 *
 * @throws Error that the code throws, or because the phone refused the parameters.
 */
export async function playCode(texts: readonly string[]): Promise<Seen> {
  const world = new FuzzWorld(chanceOf(1, 'documents'))
  const { wechat, payer } = world
  const waiting: Promise<unknown>[] = []
  let refused: string | undefined
  const wx = {
    login: ({ success }: { success: (login: { code: string }) => void }) =>
      success({ code: wechat.payer.login(payer) }),
    request: ({ url, data, success }: WxRequest) => {
      const request = new Request(`${url}?${new URLSearchParams(data)}`)
      const answered = world
        .send(request)
        .then(async (answer) => success({ statusCode: answer.status, data: await answer.json() }))
      waiting.push(answered)
    },
    requestPayment: (params: PaymentParams) => {
      const opened = wechat.payer.requestPayment(payer, params)
      if (opened.ok) wechat.payer.pay(ORDERCODE)
      else refused = opened.why
    },
  }
  const given = {
    WXPAY_URL,
    MERCHANT_TOKEN: TOKEN,
    ordercode: ORDERCODE,
    openid: payer,
    fetch: (url: string, init: RequestInit) => world.send(new Request(url, init)),
    wx,
  }
  for (const text of texts) {
    // oxlint-disable-next-line typescript/no-implied-eval -- it is the code of our own documents
    const run = new Function(...Object.keys(given), `return (async () => {\n${text}\n})()`) as (
      ...values: unknown[]
    ) => Promise<void>
    await run(...Object.values(given))
    while (waiting.length > 0) await waiting.shift()
  }
  if (refused !== undefined) throw new Error(`the phone refused: ${refused}`)
  const notice = wechat.notices.ofPayments.xml(ORDERCODE)
  await world.send(new Request(`${WXPAY_URL}/notify`, { method: 'POST', body: notice }))
  const headers = { authorization: `Bearer ${TOKEN}` }
  const answer = await world.send(new Request(`${WXPAY_URL}/orders/${ORDERCODE}`, { headers }))
  return (await answer.json()) as Seen
}
