/** Why an order is in its state: the three sentences, and the timeline. */
import { describe, expect, it } from 'vitest'
import { consoleBrowser } from '../../../testing/console-browser.ts'
import { paidOrder, paidTwice } from '../../../testing/refund-stories.ts'
import { type World, world, type WorldOptions } from '../../../testing/world.ts'

type Case = Readonly<{
  /** Makes the order. @returns its ordercode. */
  make: (w: World) => Promise<string>
  options?: WorldOptions
  tone: 'ok' | 'wait' | 'bad'
  says: readonly string[]
  silent?: readonly string[]
}>

const begun = async (w: World, name: string): Promise<string> => {
  const ordercode = await w.order(name)
  await w.pay(ordercode, w.wechat.payer.newOpenid())
  return ordercode
}

const CASES: Readonly<Record<string, Case>> = {
  'registered, and no payer has come': {
    make: (w) => w.order('created'),
    tone: 'wait',
    says: ['no payer has come yet', 'no attempt to pay exists', 'It expires at 14:00:00'],
  },
  'awaiting payment': {
    make: (w) => begun(w, 'paying'),
    tone: 'wait',
    says: ['Awaiting payment.', 'Attempt 1 was opened at 12:00:00', 'WeChat is asked at 12:01:00'],
  },
  'paid by a notice': {
    make: async (w) => (await paidOrder(w, 'notice')).ordercode,
    tone: 'ok',
    says: ['Paid.', 'notice at 12:00:00 says that ¥88.00 was paid', 'Nothing for you to do'],
    silent: ['No notice had come'],
  },
  'paid, and found by the cron': {
    async make(w) {
      const ordercode = await begun(w, 'cron')
      w.wechat.notices.ofPayments.loseNext(ordercode)
      w.wechat.payer.pay(ordercode)
      w.advance(61)
      await w.cron()
      await w.settled()
      return ordercode
    },
    tone: 'ok',
    says: ['our query at 12:01:01', 'No notice had come by then; the cron found it'],
  },
  'closed by the shop': {
    async make(w) {
      const ordercode = await begun(w, 'closed')
      await w.shop('POST', `/orders/${ordercode}/close`)
      await w.settled()
      return ordercode
    },
    tone: 'wait',
    says: [
      'Closed: the shop asked for it',
      'Shop closed it at 12:00:00',
      'asked once more at 12:10:00',
    ],
  },
  'expired, and never tried': {
    async make(w) {
      const ordercode = await w.order('expired', { expires_in: 300 })
      w.advance(301)
      await w.cron()
      await w.cron()
      return ordercode
    },
    tone: 'ok',
    says: [
      'Closed: it expired unpaid',
      'It expired at 12:05:00',
      'No attempt to pay was ever made',
    ],
  },
  'paid after it was closed': {
    async make(w) {
      const ordercode = await begun(w, 'late')
      await w.shop('POST', `/orders/${ordercode}/close`)
      w.advance(30)
      w.wechat.payer.pay(ordercode, { despiteClose: true })
      await w.deliverNotices()
      await w.settled()
      return ordercode
    },
    tone: 'bad',
    says: ['Paid.', 'It had been closed at 12:00:00', 'Decide it under Reviews'],
  },
  'paid twice': {
    async make(w) {
      const { ordercode } = await paidTwice(w, 'twice')
      await w.deliverNotices()
      await w.settled()
      return ordercode
    },
    options: { certificate: false },
    tone: 'bad',
    says: ['It was paid twice: ', 'A person must look at it'],
  },
  'being refunded': {
    async make(w) {
      const { ordercode } = await paidOrder(w, 'refund')
      await w.shop('PUT', `/orders/${ordercode}/refunds/R1`, { refund_fee: 900 })
      await w.settled()
      return ordercode
    },
    tone: 'wait',
    says: [
      'Paid; ¥9.00 is on its way back',
      'WeChat accepted the refund at 12:00:00',
      'asked about the refund at 12:01:00',
    ],
  },
  'paid, with a webhook that the shop does not take': {
    async make(w) {
      w.receiver.answerAlways(async () => new Response('no', { status: 503 }))
      return (await paidOrder(w, 'untaken')).ordercode
    },
    tone: 'wait',
    says: ['1 try, the last one HTTP 503', 'The webhook is tried again at 12:01:00'],
  },
}

describe('an order', () => {
  it.each(Object.entries(CASES))(
    'that is %s says so',
    async (_, { make, options, tone, says, silent = [] }) => {
      const w = world(options)
      const browser = consoleBrowser(w)
      await browser.signIn()
      const ordercode = await make(w)

      const page = await browser.page(`/console/orders/${ordercode}`)
      const why = /<section class="card why ?([a-z]*)[^]*?<\/section>/.exec(page)
      expect(why?.[1]).toBe(tone === 'ok' ? '' : tone)
      for (const text of says) expect(why?.[0]).toContain(text)
      for (const text of silent) expect(why?.[0]).not.toContain(text)
      const chinese = consoleBrowser(w, 'zh')
      await chinese.signIn()
      expect(await chinese.page(`/console/orders/${ordercode}`)).toMatch(/<dt>现在<\/dt>/)
    },
  )
})

it('the timeline has the latest on top, and what comes above it', async () => {
  const w = world()
  const browser = consoleBrowser(w)
  await browser.signIn()
  const ordercode = await begun(w, 'line')
  const page = await browser.page(`/console/orders/${ordercode}`)
  const lines = [...page.matchAll(/<div class="what"><span class="who">([^<]*)<\/span>([^<]*)/g)]
  expect(lines.map(([, who, what]) => `${who} ${what}`)).toEqual([
    'System will close the order, if it is unpaid',
    'System will ask WeChat about the payment',
    'Payer opened the cashier, attempt 1',
    'Shop registered the order, ¥88.00',
  ])
})
