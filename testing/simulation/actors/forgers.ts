/** A forger of notices: replays old notices, forges signatures, and sends correctly signed notices with wrong contents. */
import type { PaymentNoticeOptions } from '../../../simulator/notices/payment-notice.ts'
import type { RefundNoticeOptions } from '../../../simulator/notices/refund-notice.ts'
import type { Chance } from '../run/random.ts'
import { OLD_API_KEY, ORIGIN, REFUND_URL, type World } from '../run/world.ts'
import { pause, send } from './client.ts'

/** Sends up to five replayed or forged notices. */
export async function runForger(world: World): Promise<void> {
  const chance = world.chance('forger')
  for (let left = chance.below(6); left > 0; left--) {
    await pause(world, chance)
    const { sent: old } = world.mail
    if (old.length > 0 && chance.happens(0.4)) {
      world.faults.count('forger:replay')
      const { url, body } = chance.pick(old)
      await post(world, body, url)
      continue
    }
    await (chance.happens(0.5) ? forgeRefund(world, chance) : forge(world, chance))
  }
}

/** Payment notices that must not be recorded: not signed with WeChat's key, or signed with it but with contents that do not fit. */
const FORGERIES = {
  wrong_key: { key: 'ffffffffffffffffffffffffffffffff' },
  old_key: { key: OLD_API_KEY },
  no_sign: { stripSign: true },
  wrong_amount: { changes: { total_fee: '7' } },
  wrong_currency: { changes: { fee_type: 'USD' } },
  other_payer: { changes: { openid: 'oOtherPayer00000000000000000' } },
  other_appid: { changes: { appid: 'wx0000000000000000' } },
  other_mch_id: { changes: { mch_id: '10000999' } },
  not_a_success: { changes: { result_code: 'FAIL', err_code: 'ORDERPAID' } },
  unknown_number: { changes: { out_trade_no: 'unknown-order*3' } },
  not_our_number: { changes: { out_trade_no: 'of another system' } },
} as const satisfies Record<string, PaymentNoticeOptions>

const TAMPERED = ['total_fee', 'out_trade_no', 'openid', 'transaction_id', 'time_end'] as const

async function forge(world: World, chance: Chance): Promise<void> {
  const orders = world.wechat.books.orders().filter(({ capture }) => capture === undefined)
  if (orders.length === 0) return
  const { outTradeNo } = chance.pick(orders)
  if (chance.happens(0.3)) {
    // WeChat signed this notice correctly, and the forger changed one field on its way.
    const name = chance.pick(TAMPERED)
    world.faults.count(`forger:tampered_${name}`)
    const other = chance.pick(world.wechat.books.orders()).outTradeNo
    const value = name === 'out_trade_no' && other !== outTradeNo ? other : '4200000540202611231234'
    const xml = world.wechat.notices.ofPayments.xml(outTradeNo)
    await mustRefuse(world, outTradeNo, replaceElement(xml, name, value))
    return
  }
  const [kind, options] = chance.pick(Object.entries(FORGERIES))
  world.faults.count(`forger:${kind}`)
  await mustRefuse(world, outTradeNo, world.wechat.notices.ofPayments.xml(outTradeNo, options))
}

const replaceElement = (xml: string, name: string, value: string): string =>
  xml.replace(new RegExp(`<${name}>.*?</${name}>`, 's'), `<${name}>${value}</${name}>`)

async function mustRefuse(world: World, outTradeNo: string, xml: string): Promise<void> {
  const answer = await post(world, xml)
  // The Worker queries WeChat because of a notice under the old key. If the payer has really paid by then, the answer SUCCESS
  // to the forged notice is right.
  const paid = world.wechat.books.order(outTradeNo)?.capture !== undefined
  if (answer?.includes('SUCCESS') === true && !paid) {
    world.witness.report(`a forged notice was accepted: ${xml}`)
  }
}

/** Refund notices that must be refused. They are encrypted but not signed, so that anyone who has the API key can write one. */
const REFUND_FORGERIES = {
  undecryptable: { key: 'ffffffffffffffffffffffffffffffff' },
  no_blocks: { reqInfo: 'bm90IGEgYmxvY2s=' },
  no_base64: { reqInfo: '?' },
  no_xml: { plaintext: 'SUCCESS' },
  unknown_refund: { info: { out_refund_no: 'unknown-refund' } },
  unknown_payment: { info: { transaction_id: '4200000540202611239999999999' } },
  unknown_order: { info: { out_trade_no: 'unknown-order*3' } },
  other_mch_id: { changes: { mch_id: '10000999' } },
  return_fail: { changes: { return_code: 'FAIL' } },
} as const satisfies Record<string, RefundNoticeOptions>

const LIES = ['SUCCESS', 'REFUNDCLOSE', 'CHANGE'] as const

async function forgeRefund(world: World, chance: Chance): Promise<void> {
  const refunds = world.wechat.books.refunds()
  if (refunds.length === 0) return
  const { outRefundNo } = chance.pick(refunds)
  if (chance.happens(0.4)) {
    // A genuine refund notice in which the forger changed status and amount. The Worker may query WeChat because of the
    // notice, but must not record its status or amount.
    world.faults.count('forger:refund_status')
    const info = { refund_status: chance.pick(LIES), refund_fee: '1' }
    await post(world, world.wechat.notices.ofRefunds.xml(outRefundNo, { info }), REFUND_URL)
    return
  }
  const [kind, options] = chance.pick(Object.entries(REFUND_FORGERIES))
  world.faults.count(`forger:${kind}`)
  world.faults.count('situation:refund_notice_forged')
  const xml = world.wechat.notices.ofRefunds.xml(outRefundNo, options)
  const answer = await post(world, xml, REFUND_URL)
  if (answer?.includes('SUCCESS') === true) {
    world.witness.report(`a forged refund notice was accepted: ${kind} of ${outRefundNo}`)
  }
}

async function post(
  world: World,
  body: string,
  url = `${ORIGIN}/notify`,
): Promise<string | undefined> {
  try {
    const response = await send(world, new Request(url, { method: 'POST', body }))
    return await response.text()
  } catch {
    return undefined
  }
}
