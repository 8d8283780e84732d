/** The protocol alone: read and verify a notice, build and sign a unifiedorder, sign the parameters of the cashier. */
import { createHash } from 'node:crypto'
import type { Attempt } from '../../src/core/order/attempt.ts'
import { Secret } from '../../src/lib/secret.ts'
import { toHex } from '../../src/lib/text.ts'
import { signClientPay } from '../../src/wechat/v2/client-pay.ts'
import { unifiedOrderMessage } from '../../src/wechat/v2/messages.ts'
import { readPaymentNotice } from '../../src/wechat/v2/notices/payment.ts'
import { openEnvelope } from '../../src/wechat/v2/wire/envelope.ts'
import { verify } from '../../src/wechat/v2/wire/sign.ts'
import { parseXmlBytes } from '../../src/wechat/v2/wire/xml.ts'
import {
  CLIENT,
  type Fields,
  MERCHANT,
  noticeFields,
  signed,
  UNIFIED,
  xmlOf,
} from '../lib/messages.ts'
import type { Context, Part } from '../lib/part.ts'
import { dependencies, installPeers, requirePeer } from '../lib/peers.ts'
import { alternate, digits, median, ratioOf } from '../lib/rounds.ts'

const ACTS = {
  notice: 'read and verify a notice',
  unifiedorder: 'build and sign a unifiedorder',
  paySign: 'sign the parameters of wx.requestPayment',
} as const
type Act = keyof typeof ACTS

/** CPU time of one call, in microseconds, and how often the floor's that is. */
type Figure = Readonly<{ ratio: number; us: number }>
/** The figures of each contender, by act. `timesFaster`: how often ours fits into the fastest peer. */
export type ProtocolResult = Readonly<
  Record<Act, Readonly<{ timesFaster: number; contenders: Readonly<Record<string, Figure>> }>>
>

type Call = () => unknown
type Tenpay = {
  _parse: (xml: string, type: string) => Promise<Fields>
  _getSign: (fields: object, type: string) => string
  getPayParamsByPrepay: (of: { prepay_id: string }) => Fields
}
type Plugin = {
  Transformer: { toObject: (xml: Buffer) => Fields; toXml: (fields: object) => string }
  Hash: { sign: (type: string, fields: object, key: string) => string }
  Formatter: { nonce: () => string; timestamp: () => number }
}

const PREPAY_ID = 'wx281204000123456789abcdef0123450000'
const FLOOR = 'floor'
const OURS = 'wxpay-edge'

export const protocol: Part<ProtocolResult> = {
  name: 'protocol',
  about: 'CPU time of the protocol alone, against tenpay, wechatpay-axios-plugin and the floor',
  async run(context) {
    installPeers(context.progress)
    const contenders = contendersOf()
    const result: Partial<Record<Act, ProtocolResult[Act]>> = {}
    for (const act of Object.keys(ACTS) as Act[]) {
      await check(act, contenders[act])
      result[act] = await measure(act, contenders[act], context)
    }
    return result as ProtocolResult
  },
  tables: (result) =>
    (Object.keys(ACTS) as Act[]).map((act) => ({
      title: `CPU time to ${ACTS[act]}: ours is ${result[act].timesFaster} times as fast as the fastest peer`,
      head: ['', '× floor', 'µs'],
      rows: Object.entries(result[act].contenders).map(([name, { ratio, us }]) => [
        name,
        String(ratio),
        String(us),
      ]),
    })),
}

async function measure(
  act: Act,
  calls: Readonly<Record<string, Call>>,
  context: Context,
): Promise<ProtocolResult[Act]> {
  const [rounds, times] = context.quick ? [15, 300] : [41, 1_000]
  const timed = Object.fromEntries(
    Object.entries(calls).map(([name, call]) => [
      name,
      async () => {
        const before = process.cpuUsage()
        for (let time = 0; time < times; time++) await call()
        const { user, system } = process.cpuUsage(before)
        return (user + system) / times
      },
    ]),
  )
  // The compiler of V8 works in the first rounds.
  await alternate(timed, 3, context, `${ACTS[act]}, warming up`)
  const samples = await alternate(timed, rounds, context, ACTS[act])
  const figures = Object.entries(samples).map(([name, us]): [string, Figure] => [
    name,
    { ratio: digits(ratioOf(us, samples[FLOOR] ?? [])), us: digits(median(us)) },
  ])
  const peers = figures.filter(([name]) => isPeer(name)).map(([, { us }]) => us)
  const ours = samples[OURS] ?? []
  return {
    timesFaster: digits(Math.min(...peers) / median(ours), 2),
    contenders: Object.fromEntries(figures),
  }
}

const isPeer = (name: string): boolean =>
  Object.keys(dependencies()).some((peer) => name.startsWith(peer))

/** Fails when a contender does not do the work: what is fast because it is wrong must not be measured. */
async function check(act: Act, calls: Readonly<Record<string, Call>>): Promise<void> {
  for (const [name, call] of Object.entries(calls)) {
    const outcome = await call()
    const isRight =
      act === 'notice'
        ? outcome === true
        : act === 'unifiedorder'
          ? await isSignedXml(String(outcome))
          : (outcome as Fields)['paySign'] === paySignOf(outcome as Fields)
    if (!isRight) throw new Error(`${name} does not ${ACTS[act]}`)
  }
}

async function isSignedXml(xml: string): Promise<boolean> {
  const parsed = parseXmlBytes(new TextEncoder().encode(xml))
  return parsed.ok && verify(parsed.value, new Secret(MERCHANT.apiKey), 'MD5')
}

const paySignOf = ({ timeStamp, nonceStr, package: text }: Fields): string | undefined =>
  signed({
    appId: MERCHANT.appid,
    timeStamp: timeStamp ?? '',
    nonceStr: nonceStr ?? '',
    package: text ?? '',
    signType: 'MD5',
  })['sign']

function contendersOf(): Readonly<Record<Act, Readonly<Record<string, Call>>>> {
  const versions = dependencies()
  const tenpayName = `tenpay ${versions['tenpay']}`
  const pluginName = `wechatpay-axios-plugin ${versions['wechatpay-axios-plugin']}`
  const Payment = requirePeer('tenpay') as new (options: object) => Tenpay
  const { buildXML } = requirePeer('tenpay/lib/util') as { buildXML: (fields: object) => string }
  const { Transformer, Hash, Formatter } = requirePeer('wechatpay-axios-plugin') as Plugin
  const { appid, mchId, apiKey } = MERCHANT
  const tenpay = new Payment({
    appid,
    mchid: mchId,
    partnerKey: apiKey,
    notify_url: CLIENT.notifyUrl,
  })

  const fields = noticeFields('20261128-000001-K7X2', '4200001234202611280123456789')
  const notice = Buffer.from(xmlOf(signed(fields)))
  // The parser's way, which a notice takes that differs from the form in which WeChat sends it.
  const other = Buffer.from(xmlOf(signed(fields)).replaceAll('\n', '\r\n'))
  const merchant = { appid, mchId, apiKey: new Secret(apiKey) }
  const isOurs = (read: ReadonlyMap<string, string>): boolean =>
    read.get('out_trade_no') === fields['out_trade_no']
  const ours = async (bytes: Uint8Array): Promise<boolean> => {
    const opened = await openEnvelope(parseXmlBytes(bytes), merchant, 'MD5')
    return opened.ok && isOurs(opened.value)
  }
  const attempt = attemptOf()
  return {
    notice: {
      [FLOOR]: () => floorReads(notice),
      [OURS]: () => ours(notice),
      [`${OURS}, and every field of the payment checked`]: async () => {
        const read = await readPaymentNotice(notice, merchant, 'MD5')
        return read.ok && read.value.payment.outTradeNo === fields['out_trade_no']
      },
      [`${OURS}, by the parser`]: () => ours(other),
      [tenpayName]: async () => {
        const read = await tenpay._parse(notice.toString(), 'middleware_pay')
        return read['out_trade_no'] === fields['out_trade_no']
      },
      [pluginName]: () => {
        const { sign, ...rest } = Transformer.toObject(notice)
        return Hash.sign('MD5', rest, apiKey) === sign
      },
    },
    unifiedorder: {
      [FLOOR]: () => xmlOf(signed({ ...UNIFIED, nonce_str: nonce() })),
      [OURS]: () => unifiedOrderMessage(attempt, { merchant, signType: 'MD5', nonceStr: nonce() }),
      [tenpayName]: () => {
        const message = { ...UNIFIED, nonce_str: nonce() }
        return buildXML({ ...message, sign: tenpay._getSign(message, 'MD5') })
      },
      [pluginName]: () => {
        const message = { ...UNIFIED, nonce_str: Formatter.nonce() }
        return Transformer.toXml({ ...message, sign: Hash.sign('MD5', message, apiKey) })
      },
    },
    paySign: {
      [FLOOR]: () => {
        const [timeStamp, nonceStr] = [seconds(), nonce()]
        const text = `appId=${appid}&nonceStr=${nonceStr}&package=prepay_id=${PREPAY_ID}&signType=MD5&timeStamp=${timeStamp}&key=${apiKey}`
        const paySign = md5Of(text)
        return { timeStamp, nonceStr, package: `prepay_id=${PREPAY_ID}`, paySign }
      },
      [OURS]: () =>
        signClientPay({
          prepayId: PREPAY_ID,
          merchant,
          signType: 'MD5',
          nonceStr: nonce(),
          now: attempt.sentAt,
        }),
      [tenpayName]: () => tenpay.getPayParamsByPrepay({ prepay_id: PREPAY_ID }),
      [pluginName]: () => {
        const text = {
          appId: appid,
          timeStamp: String(Formatter.timestamp()),
          nonceStr: Formatter.nonce(),
          package: `prepay_id=${PREPAY_ID}`,
          signType: 'MD5',
        }
        return { ...text, paySign: Hash.sign('MD5', text, apiKey) }
      },
    },
  }
}

/** 16 random bytes, as the Worker makes them. tenpay takes them from Math.random, which can be predicted. */
const nonce = (): string => toHex(crypto.getRandomValues(new Uint8Array(16)))
const md5Of = (text: string): string => createHash('md5').update(text).digest('hex').toUpperCase()
const seconds = (): string => String(Math.floor(Date.now() / 1_000))

/** The least that a reader must do: find the fields, sort them, hash them. It trusts the form of the message. */
function floorReads(bytes: Uint8Array): boolean {
  const text = new TextDecoder().decode(bytes)
  const fields = new Map<string, string>()
  let at = '<xml>'.length
  while (!text.startsWith('</', at)) {
    if (text[at] === '\n') {
      at++
      continue
    }
    const nameEnd = text.indexOf('>', at)
    const name = text.slice(at + 1, nameEnd)
    const valueAt = nameEnd + '><![CDATA['.length
    const valueEnd = text.indexOf(']]>', valueAt)
    fields.set(name, text.slice(valueAt, valueEnd))
    at = valueEnd + ']]></>'.length + name.length
  }
  let canonical = ''
  for (const name of [...fields.keys()].sort()) {
    const value = fields.get(name)
    if (name !== 'sign' && value !== '') canonical += `${name}=${value}&`
  }
  return md5Of(`${canonical}key=${MERCHANT.apiKey}`) === fields.get('sign')
}

/** The attempt whose unifiedorder has the fields of {@link UNIFIED}. */
const attemptOf = (): Attempt =>
  ({
    outTradeNo: UNIFIED['out_trade_no'],
    number: 1,
    state: 'open',
    terms: {
      appid: MERCHANT.appid,
      mchId: MERCHANT.mchId,
      body: UNIFIED['body'],
      attach: UNIFIED['attach'],
      totalFee: Number(UNIFIED['total_fee']),
      spbillCreateIp: UNIFIED['spbill_create_ip'],
      notifyUrl: UNIFIED['notify_url'],
      openid: UNIFIED['openid'],
      timeStart: Date.parse('2026-11-28T04:00:00Z') / 1_000,
      timeExpire: Date.parse('2026-11-28T06:00:00Z') / 1_000,
    },
    sentAt: Date.parse('2026-11-28T04:00:00Z') / 1_000,
  }) as unknown as Attempt
