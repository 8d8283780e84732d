/** What WeChat cannot mean, but signs: a refund that is closed, and of more than its payment. */
import { expect, it } from 'vitest'
import { bodyOf, requestOf, toRequest, utf8 } from '../../../testing/fuzz/inputs/input.ts'
import { signedXml } from '../../../testing/fuzz/inputs/signed-message.ts'
import { FEE } from '../../../testing/fuzz/run/fixture.ts'
import { makeMoneyShop, MONEY_ORDERS } from '../../../testing/fuzz/run/money-fixture.ts'
import { API_KEY } from '../../../testing/fuzz/run/world.ts'
import { chanceOf } from '../../../testing/simulation/run/random.ts'

it('is accepted with a review, and not answered by 500 each time that WeChat repeats its notice', async () => {
  const world = await makeMoneyShop(chanceOf(1, 'closed refund'))
  const ordercode = MONEY_ORDERS.whole
  const transactionId = world.wechat.books.order(ordercode)?.capture?.transactionId ?? ''
  const notice = world.wechat.notices.ofRefunds.xml('hand-0001')
  const answer = signedXml(
    {
      transaction_id: transactionId,
      out_trade_no: ordercode,
      refund_count: '1',
      out_refund_no_0: 'hand-0001',
      refund_id_0: '50000405502026112200000000001',
      refund_fee_0: String(FEE + 1),
      refund_status_0: 'REFUNDCLOSE',
    },
    API_KEY,
  )
  const request = toRequest({
    lane: 'test',
    ...requestOf('POST', '/notify/refund', { body: bodyOf(notice) }),
  })
  if (request === undefined) throw new Error('not sent')

  const what = { status: 200, bytes: utf8(answer) }
  const response = await world.send(request, [{ endpoint: 'refundquery', what }])

  expect(response.status).toBe(200)
  const sql = "SELECT kind FROM reviews WHERE subject = 'hand-0001'"
  expect(world.sqlite.read(sql)).toEqual([{ kind: 'refund_conflict' }])
  expect(world.sqlite.read("SELECT * FROM refunds WHERE out_refund_no = 'hand-0001'")).toEqual([])
})
