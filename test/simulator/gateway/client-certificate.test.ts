import { describe, expect, it } from 'vitest'
import {
  ORIGIN,
  read,
  refundFields,
  shop,
  signedXml,
} from '../../../testing/simulator/simulated-shop.ts'

describe('a client', () => {
  const send = (fetch: (request: Request) => Promise<Response>, path = '/secapi/pay/refund') =>
    fetch(new Request(ORIGIN + path, { method: 'POST', body: signedXml(refundFields()) }))

  it.each<['fetch' | 'fetchWithWrongCertificate', string]>([
    ['fetch', '400 No required SSL certificate was sent'],
    ['fetchWithWrongCertificate', '400 The SSL certificate error'],
  ])('gets a page of nginx without the right certificate: %s', async (fetch, title) => {
    const world = shop()
    await world.paid()

    const response = await send(world.wechat[fetch])

    expect(response.status).toBe(400)
    expect(response.headers.get('Content-Type')).toBe('text/html')
    expect(await response.text()).toContain(`<title>${title}</title>`)
    expect((await send(world.wechat[fetch], '/secapi/pay/reverse')).status).toBe(400)
    expect(world.wechat.books.refunds()).toEqual([])
  })

  it('uses up no fault without a certificate', async () => {
    const { wechat } = shop()
    wechat.faults.inject({ endpoint: 'refund', kind: 'http_500' })

    await send(wechat.fetch)

    expect(wechat.faults.waiting()).toHaveLength(1)
  })

  it('can call every other endpoint with a certificate, too', async () => {
    const { wechat, order } = shop()
    const request = new Request(`${ORIGIN}/pay/unifiedorder`, {
      method: 'POST',
      body: signedXml(order()),
    })

    expect(read(await (await wechat.fetchWithCertificate(request)).text())).toMatchObject({
      result_code: 'SUCCESS',
    })
    expect((await send(wechat.fetchWithCertificate, '/secapi/none')).status).toBe(404)
  })
})
