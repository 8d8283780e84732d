import type { RefundNoticeOptions } from '../notices/refund-notice.ts'
import { REFUND_ACCOUNTS, type SettledStatus } from '../state/refund.ts'
import type { Call, ControlTarget } from './call.ts'
import { needCopies, needOrder, readChanges } from './input.ts'
import {
  ControlError,
  type JsonObject,
  needNumber,
  needOneOf,
  needText,
  readOneOf,
  readText,
} from './json.ts'

/** The calls of the control interface about refunds, by method and path below `/_control/`. */
export const REFUND_CALLS: Readonly<Record<string, Call>> = {
  'GET refunds': {
    about:
      '→ {refunds}, oldest first; GET /_control/orders/{out_trade_no} has the refunds of one order',
    run: (_, { simulator }) => ({ refunds: simulator.books.refunds() }),
  },
  'POST refund-on-platform': {
    about:
      '{out_trade_no, refund_fee, out_refund_no?, refund_account?} → {ok, refund} or {ok, why}: a refund made on the merchant platform',
    run: (body, { simulator }) => {
      const outRefundNo = readText(body, 'out_refund_no')
      const account = readOneOf(body, 'refund_account', REFUND_ACCOUNTS)
      return simulator.platform.refund(needOrder(body, simulator), {
        refundFee: needNumber(body, 'refund_fee'),
        ...(outRefundNo === undefined ? {} : { outRefundNo }),
        ...(account === undefined ? {} : { account }),
      })
    },
  },
  'POST settle-refund': {
    about: '{out_refund_no, status} → the refund, now SUCCESS, CHANGE or REFUNDCLOSE',
    run: (body, target) =>
      target.simulator.platform.settleRefund(
        needRefund(body, target),
        needOneOf(body, 'status', SETTLED_STATUSES),
      ),
  },
  'POST hold-refunds': {
    about: 'keeps every refund PROCESSING until let-refunds-go',
    run: (_, { simulator }) => {
      simulator.platform.holdRefunds()
      return { ok: true }
    },
  },
  'POST let-refunds-go': {
    about: 'lets refunds become SUCCESS automatically again',
    run: (_, { simulator }) => {
      simulator.platform.releaseRefunds()
      return { ok: true }
    },
  },
  'POST set-balance': {
    about: `{fen, refund_account?} sets what the merchant can refund from, null for no limit; refund_account is one of ${REFUND_ACCOUNTS.join(', ')}, by default the first`,
    run: (body, { simulator }) => {
      const fen = body['fen'] === null ? Infinity : needNumber(body, 'fen')
      simulator.platform.setBalance(fen, readOneOf(body, 'refund_account', REFUND_ACCOUNTS))
      return { ok: true }
    },
  },
  'POST set-refund-notify-url': {
    about: '{url} receives the notices of refunds whose request names no notify_url; null for none',
    run: (body, { simulator }) => {
      simulator.platform.setRefundNotifyUrl(
        body['url'] === null ? undefined : needText(body, 'url'),
      )
      return { ok: true }
    },
  },
  'POST lose-next-refund-notice': {
    about: '{out_refund_no?} loses every notice of that refund, or of the next refund that settles',
    run: (body, { simulator }) => {
      simulator.notices.ofRefunds.loseNext(readText(body, 'out_refund_no'))
      return { ok: true }
    },
  },
  'POST duplicate-next-refund-notice': {
    about: '{copies} posts the next notice of a refund that many times in parallel',
    run: (body, { simulator }) => {
      simulator.notices.ofRefunds.duplicateNext(needNumber(body, 'copies'))
      return { ok: true }
    },
  },
  'POST resend-refund-notice': {
    about:
      '{out_refund_no, copies?, fields?, info?, key?, plaintext?, req_info?} → {replies}: posts a notice now; fields are the outer elements, info the encrypted ones, null removes an element',
    run: resendNotice,
  },
}

async function resendNotice(body: JsonObject, target: ControlTarget): Promise<JsonObject> {
  const { simulator, deliver } = target
  const outRefundNo = needRefund(body, target)
  const options = readOptions(body)
  const replies = await Promise.all(
    Array.from({ length: needCopies(body) }, () =>
      simulator.notices.ofRefunds.post(outRefundNo, options, deliver),
    ),
  )
  return { replies: replies.map(({ reply, ...rest }) => ({ ...rest, body: reply ?? null })) }
}

function readOptions(body: JsonObject): RefundNoticeOptions {
  const key = readText(body, 'key')
  const plaintext = readText(body, 'plaintext')
  const reqInfo = readText(body, 'req_info')
  return {
    changes: readChanges(body, 'fields'),
    info: readChanges(body, 'info'),
    ...(key === undefined ? {} : { key }),
    ...(plaintext === undefined ? {} : { plaintext }),
    ...(reqInfo === undefined ? {} : { reqInfo }),
  }
}

/** Reads the out_refund_no from a request body. Throws a 404 when WeChat has no such refund. */
function needRefund(body: JsonObject, { simulator }: ControlTarget): string {
  const outRefundNo = needText(body, 'out_refund_no')
  if (simulator.books.refund(outRefundNo) !== undefined) return outRefundNo
  throw new ControlError(404, `no refund ${outRefundNo}`, 'GET /_control/refunds lists the refunds')
}

const SETTLED_STATUSES = [
  'SUCCESS',
  'CHANGE',
  'REFUNDCLOSE',
] as const satisfies readonly SettledStatus[]
