/** Orders in every state that the console shows, made by the real Worker and the simulated WeChat. */
import type { Payment, Shop } from './shop.ts'

/** Text that would run, or break the page, where a page did not escape it. */
export const HOSTILE = `"><script>document.title='hacked'</script><img src=x onerror=alert(1)>'&lt;`

/** Goods as WeChat wants them in `detail`. */
const GOODS = { goods_id: '0123456789', goods_name: '深烘拼配', quantity: 1, price: 8_800 }

/** Makes the orders. The clock of WeChat is this machine's, so each is a few seconds old. */
export async function makeOrders(shop: Shop) {
  const { simulator } = shop
  const refund = async (payment: Payment, fee: number, more: object = {}): Promise<string> => {
    const number = `${payment.ordercode}-1`
    await shop.refund(payment.ordercode, number, { refund_fee: fee, ...more })
    return number
  }
  const ask = (ordercode: string) => shop.stack.shop('POST', `/orders/${ordercode}/query`)

  const created = await shop.order({ body: '云南日晒 250g × 2', total_fee: 12_900 })

  const paying = await shop.order({ body: '挂耳咖啡 10 包', total_fee: 5_900 })
  await shop.attempt(paying)

  const unanswered = await shop.order({ body: '耶加雪菲 水洗 200g', total_fee: 7_800 })
  simulator.faults.inject({ endpoint: 'unifiedorder', kind: 'reply_lost', times: 2 })
  await shop.attempt(unanswered).catch(() => {})
  simulator.faults.clear()

  const paid = await shop.paid({ attach: 'store=12;cart=88213', detail: '{"cost_price":8800}' })

  const lost = await shop.order({ body: '会员充值', total_fee: 100_000 })
  await shop.attempt(lost)
  simulator.notices.ofPayments.loseNext(lost)
  shop.capture(lost)

  const twice = await shop.order({ body: '冷萃壶', total_fee: 16_800 })
  await shop.attempt(twice)
  await shop.attempt(twice)
  shop.capture(`${twice}*2`)
  shop.capture(twice, { despiteClose: true })
  await shop.until(twice, ({ payments }) => payments.length === 2)

  const closed = await shop.order({ body: 'Espresso beans, dark roast, 1 kg', total_fee: 23_900 })
  await shop.attempt(closed)
  await shop.stack.shop('POST', `/orders/${closed}/close`)

  const late = await shop.order({ body: '手冲壶 600ml', total_fee: 19_900 })
  await shop.attempt(late)
  await shop.stack.shop('POST', `/orders/${late}/close`)
  shop.capture(late, { despiteClose: true })
  await shop.until(late, ({ payments }) => payments.length === 1)

  const foreign = await shop.order({ body: '中秋礼盒', total_fee: 12_800 })
  await shop.attempt(foreign)
  simulator.payer.pay(foreign, { openid: simulator.payer.newOpenid() })

  const refunding = await shop.paid({ body: '深烘拼配 1kg', total_fee: 15_800 })
  await refund(refunding, 900, { reason: '少发一包' })

  const refunded = await shop.paid({ body: '滤纸 100 张', total_fee: 2_500 })
  simulator.platform.settleRefund(await refund(refunded, 2_500, { reason: '不想要了' }), 'SUCCESS')
  await ask(refunded.ordercode)

  const abnormal = await shop.paid({ body: '磨豆机', total_fee: 39_900 })
  simulator.platform.settleRefund(await refund(abnormal, 3_900), 'CHANGE')
  await ask(abnormal.ordercode)

  const refused = await shop.paid({ body: '咖啡订阅，三个月', total_fee: 26_400 })
  const text = `订单状态有误 ${HOSTILE}`.slice(0, 100)
  const fault = { endpoint: 'refund', kind: 'err_code', errCode: 'TRADE_STATE_ERROR' } as const
  simulator.faults.inject({ ...fault, errCodeDes: text, times: 2 })
  await refund(refused, 1_000)
  simulator.faults.clear()

  const waiting = await shop.paid({ body: '速溶冻干 24 颗', total_fee: 14_900 })
  simulator.platform.setBalance(0)
  await refund(waiting, 4_900, { reason: '罐子破了' })
  simulator.platform.setBalance(Infinity)

  shop.receiver.status = 500
  const untold = await shop.paid({ body: '云南日晒 250g', total_fee: 6_800 })
  const givenUp = await shop.paid({ body: '曼特宁 深烘 250g', total_fee: 7_200 })
  await shop.untilTried(untold, givenUp)
  shop.receiver.status = 204

  const hostile = await shop.paid({
    body: HOSTILE,
    attach: HOSTILE.slice(0, 120),
    detail: JSON.stringify({ receipt_id: HOSTILE }),
    goods_tag: '<b>',
    total_fee: 12_300,
  })
  const long = await shop.paid({
    body: '中秋礼盒（含手冲壶、滤纸 100 张、磨豆机、两款咖啡豆各 250g，附手写卡片）',
    attach: 'x'.repeat(120),
    detail: JSON.stringify({ goods_detail: Array.from({ length: 20 }, () => GOODS) }),
    total_fee: 999_900,
  })
  return {
    created,
    paying,
    unanswered,
    paid,
    lost,
    twice,
    closed,
    late,
    foreign,
    refunding,
    refunded,
    abnormal,
    refused,
    waiting,
    untold,
    givenUp,
    hostile,
    long,
  }
}

export type Orders = Awaited<ReturnType<typeof makeOrders>>
