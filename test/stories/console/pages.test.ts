import { describe, expect, it } from 'vitest'
import { consoleBrowser } from '../../../testing/console-browser.ts'
import { type World, world, type WorldOptions } from '../../../testing/world.ts'
import { PAGES } from '../../../src/console/routes.ts'
import { sha256Hex } from '../../../src/lib/text.ts'

const HOSTILE = `"><script>alert(1)</script>'&lt;`

async function opened(options: WorldOptions = {}, language: 'en' | 'zh' = 'en') {
  const w = world(options)
  const browser = consoleBrowser(w, language)
  await browser.signIn()
  return { w, browser }
}

/** An order that is paid, and told to the shop. */
async function paid(w: World, name: string, terms: Record<string, unknown> = {}): Promise<string> {
  const ordercode = await w.order(name, terms)
  await w.pay(ordercode, w.wechat.payer.newOpenid())
  w.wechat.payer.pay(ordercode)
  await w.deliverNotices()
  await w.settled()
  return ordercode
}

const mainOf = (page: string): string => /<main[^]*<\/main>/.exec(page)?.[0] ?? ''

describe('every page', () => {
  it.each(['en', 'zh'] as const)('is shown on an empty installation, in %s', async (language) => {
    const { browser } = await opened({}, language)
    for (const [path] of PAGES) {
      if (path.includes(':')) continue
      const page = await browser.page(path)
      expect(page, path).toMatch(/<h1>[^<]+<\/h1>/)
      expect(page.match(/<h1/g), path).toHaveLength(1)
      expect(page, path).not.toMatch(/undefined|\[object|NaN/)
    }
  })

  it('answers 404 for what does not exist, with the frame round it', async () => {
    const { browser } = await opened()
    for (const path of [
      '/console/nothing',
      '/console/orders/none-such',
      '/console/orders/none-such/refund',
      '/console/orders/none-such/close',
      '/console/reviews/none',
      '/console/bills/2026-02-30',
      '/console/bills/2026-01-01',
    ]) {
      expect(await browser.page(path, 404), path).toContain('<nav')
    }
  })

  it('answers HEAD without a body', async () => {
    const { browser } = await opened()
    const head = await browser.send('/console/orders', { method: 'HEAD' })
    expect(head.status).toBe(200)
    expect(await head.text()).toBe('')
  })

  it('shows hostile texts as texts', async () => {
    const { w, browser } = await opened({ vars: { WX_CERT: 'bound' } })
    const ordercode = await paid(w, 'hostile', {
      body: HOSTILE,
      attach: HOSTILE,
      detail: HOSTILE,
      goods_tag: '<b>',
    })
    await w.shop('PUT', `/orders/${ordercode}/refunds/R"1`, {})
    await w.shop('PUT', `/orders/${ordercode}/refunds/R1`, { refund_fee: 100, reason: '<i>x</i>' })
    const paths = [
      '/console',
      '/console/orders',
      `/console/orders/${ordercode}`,
      `/console/orders/${ordercode}/refund`,
      `/console/orders/${ordercode}/refund?fee=${encodeURIComponent(HOSTILE)}&reason=${encodeURIComponent(HOSTILE)}`,
      `/console/orders?q=${encodeURIComponent(HOSTILE)}`,
      `/console/orders?tab=${encodeURIComponent(HOSTILE)}&from=${encodeURIComponent(HOSTILE)}&cursor=${encodeURIComponent(HOSTILE)}`,
      `/console/orders?done=${encodeURIComponent(HOSTILE)}`,
      '/console/orders?done=constructor',
      '/console/refunds?tab=all',
      '/console/deliveries',
    ]
    for (const path of paths) {
      const page = await (await browser.send(path)).text()
      expect(page, path).not.toMatch(
        /<script(?! type="module" src="\/console\/)|<i>x|<b>"|alert\(1\)<\/script/,
      )
    }
    expect(await browser.page(`/console/orders/${ordercode}`)).toContain(
      '&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;lt;',
    )
  })

  it('never shows an openid whole', async () => {
    const { w, browser } = await opened()
    const openid = w.wechat.payer.newOpenid()
    const ordercode = await w.order('openid', { openid })
    await w.pay(ordercode, openid)
    const page = await browser.page(`/console/orders/${ordercode}`)
    expect(page).not.toContain(openid)
    expect(page).toContain(`${openid.slice(0, 5)}…${openid.slice(-4)}`)
  })
})

describe('the list of orders', () => {
  it('leads to an order by each of its numbers', async () => {
    const { w, browser } = await opened()
    const ordercode = await paid(w, 'found')
    const { transaction_id: transaction } = await w.read(ordercode)
    await w.shop('PUT', `/orders/${ordercode}/refunds/REFUND-77`, { refund_fee: 100 })
    for (const number of [
      ordercode,
      `${ordercode}*2`,
      transaction,
      'REFUND-77',
      ` ${ordercode} `,
    ]) {
      const answer = await browser.send(`/console/orders?q=${encodeURIComponent(number ?? '')}`)
      expect(answer.headers.get('location'), `${number}`).toBe(`/console/orders/${ordercode}`)
    }
  })

  it('shows the orders that begin with what was typed, and says what was tried when there is none', async () => {
    const { w, browser } = await opened()
    const one = await w.order('begins-1')
    const two = await w.order('begins-2')
    const page = await browser.page(`/console/orders?q=${w.code('begins')}`)
    expect(page).toContain(one)
    expect(page).toContain(two)
    expect(await browser.page('/console/orders?q=4200000000')).toContain('Nothing found')
    expect(await browser.page('/console/orders?q=咖啡')).toContain('Nothing found')
  })

  it('has a tab for each state, and the unpaid ones by when they expire', async () => {
    const { w, browser } = await opened()
    const done = await paid(w, 'paid')
    const later = await w.order('later', { expires_in: 7_200 })
    const sooner = await w.order('sooner', { expires_in: 600 })
    const closed = await w.order('closed')
    await w.shop('POST', `/orders/${closed}/close`)
    const listed = async (tab: string): Promise<string[]> => {
      const page = mainOf(await browser.page(`/console/orders?tab=${tab}`))
      return [...page.matchAll(/class="mono" href="\/console\/orders\/([^"]+)"/g)].map(
        ([, code = '']) => code,
      )
    }
    expect(await listed('unpaid')).toEqual([sooner, later])
    expect(await listed('paid')).toEqual([done])
    expect(await listed('closed')).toEqual([closed])
    expect((await listed('all')).sort()).toEqual([closed, done, later, sooner].sort())
  })

  it('leads through all its pages without a gap', async () => {
    const { w, browser } = await opened()
    const codes = []
    for (let n = 0; n < 120; n++) codes.push(await w.order(`page-${String(n).padStart(3, '0')}`))
    const seen: string[] = []
    let path: string | undefined = '/console/orders'
    while (path !== undefined) {
      const page: string = mainOf(await browser.page(path))
      seen.push(
        ...[...page.matchAll(/class="mono" href="\/console\/orders\/([^"]+)"/g)].map(
          ([, code = '']) => code,
        ),
      )
      path = /href="([^"]+)">Older/.exec(page)?.[1]?.replaceAll('&amp;', '&')
    }
    expect(seen).toEqual(codes.toSorted().toReversed())
  })
})

describe('a viewer', () => {
  it('sees every page, and no form but the one to sign out', async () => {
    const token = 'op_viewer-0123456789012345678901234567890123'
    const w = world({
      vars: {
        OPERATORS: JSON.stringify({
          wang: { token_sha256: await sha256Hex(token), role: 'viewer' },
        }),
      },
    })
    const ordercode = await paid(w, 'viewed')
    const browser = consoleBrowser(w)
    await browser.signIn(token)
    for (const path of [
      '/console',
      '/console/deliveries',
      '/console/refunds',
      '/console/reviews',
      `/console/orders/${ordercode}`,
      `/console/orders/${ordercode}/refund`,
      `/console/orders/${ordercode}/close`,
    ]) {
      const forms = (await browser.page(path)).match(/<form method="post" action="[^"]*"/g)
      expect(forms, path).toEqual(['<form method="post" action="/console/sign-out"'])
    }
    const before = (await w.read(ordercode)).revision
    for (const path of [
      `/console/orders/${ordercode}/query`,
      `/console/orders/${ordercode}/close`,
      `/console/orders/${ordercode}/refund`,
      `/console/orders/${ordercode}/refunds/R1/cancel`,
      `/console/orders/${ordercode}/refunds/R1/send`,
      '/console/reviews/x',
      '/console/bills/2026-11-22/reconcile',
      '/console/deliveries/x/resend',
    ]) {
      expect((await browser.submit(path, { fee: '1', note: 'x' })).status, path).toBe(403)
    }
    expect((await w.read(ordercode)).revision).toBe(before)
    expect((await browser.send('/console/bills/2026-11-22/raw')).status).toBe(403)
  })
})
