import { describe, expect, it } from 'vitest'
import { consoleBrowser } from '../../../testing/console-browser.ts'
import { paidOrder, paidTwice } from '../../../testing/refund-stories.ts'
import { TOKEN, world, type WorldOptions } from '../../../testing/world.ts'

async function opened(options: WorldOptions = {}) {
  const w = world(options)
  const browser = consoleBrowser(w)
  await browser.signIn(TOKEN, '阿梅')
  return { w, browser }
}

/** The fields of the second step of a refund, as the page has them. */
const hiddenIn = (page: string): Record<string, string> =>
  Object.fromEntries(
    [
      ...(/<main[^]*/.exec(page)?.[0] ?? '').matchAll(
        /<input type="hidden" name="([^"]+)" value="([^"]*)"/g,
      ),
    ].map(([, name = '', value = '']) => [name, value]),
  )

describe('a form', () => {
  it('is obeyed only with the token of its session and our own Origin', async () => {
    const { w, browser } = await opened()
    const { ordercode } = await paidOrder(w, 'forged')
    const path = `/console/orders/${ordercode}/refund`
    const fields = { fee: '1', number: `${ordercode}-1` }
    const csrf = await browser.csrf()
    const other = consoleBrowser(w)
    await other.signIn(TOKEN, 'other')
    const wrong: readonly [Record<string, string>, Record<string, string>][] = [
      [fields, {}],
      [{ ...fields, csrf: '' }, {}],
      [{ ...fields, csrf: await other.csrf() }, {}],
      [{ ...fields, csrf }, { origin: 'https://evil.test' }],
      [{ ...fields, csrf }, { origin: 'null' }],
      [{ ...fields, csrf }, { origin: '' }],
      [{ ...fields, csrf }, { 'sec-fetch-site': 'same-site' }],
      [{ ...fields, csrf }, { cookie: '' }],
    ]
    for (const [given, headers] of wrong) {
      expect((await browser.post(path, given, headers)).status, JSON.stringify(headers)).toBe(403)
    }
    expect((await w.read(ordercode)).refunds).toEqual([])
    expect((await browser.post(path, { ...fields, csrf })).status).toBe(303)
  })
})

describe('a refund', () => {
  it('takes two steps, and names the person who asked for it', async () => {
    const { w, browser } = await opened()
    const { ordercode, transactionId } = await paidOrder(w, 'refund')
    const path = `/console/orders/${ordercode}/refund`
    expect(await browser.page(path)).toContain('At most 88.00')

    const step2 = await browser.page(`${path}?fee=9&reason=${encodeURIComponent('少发一包')}`)
    expect(step2).toContain('Refund ¥9.00')
    expect(step2).toContain('79.00 can still be refunded afterwards')
    expect((await w.read(ordercode)).refunds).toEqual([])

    const fields = hiddenIn(step2)
    const done = await browser.submit(path, fields)
    expect(done.location).toBe(`/console/orders/${ordercode}?done=refund_processing`)
    expect(done.text).toContain('WeChat has accepted the refund')
    // Pressed twice, it is one refund.
    expect((await browser.submit(path, fields)).status).toBe(303)

    expect((await w.read(ordercode)).refunds).toMatchObject([
      {
        out_refund_no: `${ordercode}-1`,
        refund_fee: 900,
        reason: '少发一包',
        transaction_id: transactionId,
        actor: '阿梅',
        source: 'operator',
      },
    ])
    expect(done.text).toContain('Operator 阿梅')
  })

  it('of two people at once with different amounts is made once', async () => {
    const { w, browser } = await opened()
    const { ordercode } = await paidOrder(w, 'race')
    const path = `/console/orders/${ordercode}/refund`
    const [one, two] = [
      hiddenIn(await browser.page(`${path}?fee=9`)),
      hiddenIn(await browser.page(`${path}?fee=88`)),
    ]
    expect((await browser.submit(path, one)).status).toBe(303)
    const second = await browser.submit(path, two)
    expect(second.status).toBe(409)
    expect(second.text).toContain('Another refund was made meanwhile')
    expect((await w.read(ordercode)).refunds).toHaveLength(1)
  })

  it.each(['9.001', '0', '１００', '1e2', '-1', '88.01', '', 'abc', '08'])(
    'of %j yuan is refused with a sentence at the field',
    async (fee) => {
      const { w, browser } = await opened()
      const { ordercode } = await paidOrder(w, 'typed')
      const path = `/console/orders/${ordercode}/refund`
      const page = await browser.page(`${path}?fee=${encodeURIComponent(fee)}`, 422)
      expect(page).toContain('aria-invalid="true"')
      const posted = await browser.submit(path, { fee, number: `${ordercode}-1` })
      expect(posted.status).toBe(422)
      expect((await w.read(ordercode)).refunds).toEqual([])
    },
  )

  it('has a number of its own order, whatever the form says', async () => {
    const { w, browser } = await opened()
    const { ordercode, transactionId } = await paidOrder(w, 'number')
    for (const number of [`auto*${transactionId}`, 'x', `${ordercode}-0`, `${ordercode}-1"><b>`]) {
      await browser.submit(`/console/orders/${ordercode}/refund`, { fee: '1', number })
      w.advance(60)
    }
    const numbers = (await w.read(ordercode)).refunds.map((refund) => refund.out_refund_no)
    expect(numbers).toEqual([1, 2, 3, 4].map((n) => `${ordercode}-${n}`))
  })

  it('is not offered without the certificate of the merchant', async () => {
    const { w, browser } = await opened({ certificate: false })
    const { ordercode } = await paidOrder(w, 'uncertified')
    const page = await browser.page(`/console/orders/${ordercode}/refund`)
    expect(page).toContain('No merchant certificate')
    expect(page).not.toContain('name="fee"')
    const posted = await browser.submit(`/console/orders/${ordercode}/refund`, { fee: '1' })
    expect(posted.status).toBe(501)
  })

  it('that waits can be called off from the list, and sent again', async () => {
    const { w, browser } = await opened()
    const { ordercode } = await paidOrder(w, 'waits')
    const path = `/console/orders/${ordercode}/refund`
    await browser.submit(path, { fee: '1', number: `${ordercode}-1` })
    // The second one waits for a minute.
    await browser.submit(path, { fee: '2', number: `${ordercode}-2` })
    const listed = await browser.page('/console/refunds')
    expect(listed).toContain(`/refunds/${ordercode}-2/cancel`)
    expect(listed).not.toContain(`/refunds/${ordercode}-1/cancel`)

    const early = await browser.submit(`/console/orders/${ordercode}/refunds/${ordercode}-1/cancel`)
    expect(early.status).toBe(409)
    const off = await browser.submit(`/console/orders/${ordercode}/refunds/${ordercode}-2/cancel`)
    expect(off.text).toContain('The refund was called off')
    expect((await w.read(ordercode)).refunds.map(({ state }) => state)).toEqual([
      'processing',
      'cancelled',
    ])

    await browser.submit(path, { fee: '3', number: `${ordercode}-3` })
    w.advance(61)
    const sent = await browser.submit(`/console/orders/${ordercode}/refunds/${ordercode}-3/send`)
    expect(sent.location).toContain('refund_processing')
    expect((await w.read(ordercode)).refunds.at(-1)?.state).toBe('processing')
  })
})

describe('an order', () => {
  it('is closed after one question, and WeChat is asked with one press', async () => {
    const { w, browser } = await opened()
    const ordercode = await w.order('close')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    const asked = await browser.submit(`/console/orders/${ordercode}/query`)
    expect(asked.text).toContain('WeChat was asked: not paid')
    expect(await browser.page(`/console/orders/${ordercode}/close`)).toContain(
      'no payer can pay this order',
    )
    const closed = await browser.submit(`/console/orders/${ordercode}/close`)
    expect(closed.text).toContain('The order is closed')
    expect(closed.text).toContain('Operator 阿梅')
    expect((await w.read(ordercode)).state).toBe('closed')
  })

  it('that was paid while its notice was lost becomes paid by asking WeChat', async () => {
    const { w, browser } = await opened()
    const ordercode = await w.order('lost')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.notices.ofPayments.loseNext(ordercode)
    w.wechat.payer.pay(ordercode)
    const asked = await browser.submit(`/console/orders/${ordercode}/query`)
    expect(asked.text).toContain('the order is paid')
    expect(asked.text).toContain('No notice had come by then')
    const late = await browser.submit(`/console/orders/${ordercode}/close`)
    expect(late.text).toContain('It was paid meanwhile')
  })
})

describe('a review', () => {
  it('is resolved with a note and what to do with the money, in the name of the person', async () => {
    const { w, browser } = await opened({ certificate: false })
    const { ordercode } = await paidTwice(w, 'twice')
    await w.deliverNotices()
    const [review] = (await w.read(ordercode)).reviews
    const path = `/console/reviews/${encodeURIComponent(review?.id ?? '')}`
    expect(await browser.page('/console/reviews')).toContain('The order was paid twice')

    expect((await browser.submit(path, { note: ' ', action: 'note' })).status).toBe(422)
    expect((await browser.submit(path, { note: 'x'.repeat(501), action: 'note' })).status).toBe(422)
    expect((await browser.submit(path, { note: 'looked' })).status).toBe(422)
    expect((await browser.submit(path, { note: 'back', action: 'refund' })).status).toBe(409)
    expect((await browser.submit(path, { note: 'kept', action: 'accept' })).status).toBe(409)

    const done = await browser.submit(path, { note: 'returned by hand', action: 'note' })
    expect(done.text).toContain('Resolved.')
    expect(done.text).toContain('Operator 阿梅')
    const again = await browser.submit(path, { note: 'another', action: 'note' })
    expect(again.status).toBe(409)
    expect(await browser.page('/console/reviews?tab=done')).toContain('returned by hand')
    expect(await browser.page('/console/reviews')).toContain('Nothing needs you')
  })
})

describe('a webhook', () => {
  it('is sent again from the list and from its order', async () => {
    const { w, browser } = await opened()
    w.receiver.answerAlways(async () => new Response('<b>no</b>', { status: 500 }))
    const { ordercode, transactionId } = await paidOrder(w, 'webhook')
    const waiting = await browser.page('/console/deliveries?tab=waiting')
    expect(waiting).toMatch(/1 try.*HTTP 500.*&lt;b&gt;no&lt;\/b&gt;/s)
    expect(waiting).toContain(`order.paid.${transactionId}`)
    expect(await browser.page(`/console/orders/${ordercode}`)).toContain(
      'The shop has not taken a webhook',
    )
    const path = `/console/deliveries/order.paid.${transactionId}/resend`
    expect((await browser.submit(path)).text).toContain('not taken')
    w.receiver.answerAlways(async () => new Response(null, { status: 204 }))
    const sent = await browser.submit(path, { back: ordercode })
    expect(sent.location).toBe(`/console/orders/${ordercode}?done=delivered`)
    expect((await browser.submit('/console/deliveries/none/resend')).status).toBe(404)
  })

  it('has no button where there is no target', async () => {
    const { w, browser } = await opened({ vars: { WEBHOOK_URL: '' } })
    const { transactionId } = await paidOrder(w, 'untargeted')
    const page = await browser.page('/console/deliveries')
    expect(page).toContain('WEBHOOK_URL is not set')
    expect(page).not.toContain('/resend')
    const forced = await browser.submit(`/console/deliveries/order.paid.${transactionId}/resend`)
    expect(forced.status).toBe(409)
  })
})
