import { RECHARGE_FUNDS } from '../state/refund.ts'
import { BILL_CALLS } from './bill-calls.ts'
import type { Call, ControlTarget } from './call.ts'
import {
  needCopies,
  needFault,
  needOrder,
  needParams,
  needState,
  readNoticeOptions,
  readPayOptions,
} from './input.ts'
import { type JsonObject, needNumber, needText, readText } from './json.ts'
import { REFUND_CALLS } from './refund-calls.ts'

/** Every call of the control interface, by method and path below `/_control/`. */
export const CONTROL_CALLS: Readonly<Record<string, Call>> = {
  'POST login': {
    about: '{openid?, blocked?} → {code, openid}: wx.login on a phone; without openid a new user',
    run: (body, { simulator }) => {
      const openid = readText(body, 'openid') ?? simulator.payer.newOpenid()
      return { code: simulator.payer.login(openid, { blocked: body['blocked'] === true }), openid }
    },
  },
  'POST bind-mini-program': {
    about: '{appid, app_secret} binds one more mini program to the merchant number',
    run: (body, { simulator }) => {
      simulator.platform.bindMiniProgram(needText(body, 'appid'), needText(body, 'app_secret'))
      return { ok: true }
    },
  },
  'POST request-payment': {
    about: '{openid, params} → {ok, cashier} or {ok, err_msg, why}: wx.requestPayment on a phone',
    run: (body, { simulator }) =>
      simulator.payer.requestPayment(needText(body, 'openid'), needParams(body)),
  },
  'POST pay': {
    about:
      '{out_trade_no, coupons?, bank_type?, despite_close?} → {ok, transaction_id} or {ok, why}',
    run: (body, { simulator }) =>
      simulator.payer.pay(needOrder(body, simulator), readPayOptions(body)),
  },
  'POST cancel': {
    about: '{out_trade_no} → {err_msg}: the payer leaves the cashier',
    run: (body, { simulator }) => simulator.payer.cancel(needOrder(body, simulator)),
  },
  'POST insufficient-balance': {
    about:
      '{out_trade_no} → {ok: false, why}: the payer has too little money; the order stays unpaid',
    run: (body, { simulator }) => simulator.payer.lackMoney(needOrder(body, simulator)),
  },
  'POST set-trade-state': {
    about:
      '{out_trade_no, state} → the order, now in state USERPAYING, ACCEPT, PAYERROR, CLOSED, …',
    run: (body, { simulator }) => {
      const outTradeNo = needOrder(body, simulator)
      simulator.platform.setTradeState(outTradeNo, needState(body))
      return simulator.books.order(outTradeNo)
    },
  },
  'POST lose-next-notice': {
    about: '{out_trade_no?} loses every notice of that order, or of the next order that is paid',
    run: (body, { simulator }) => {
      simulator.notices.ofPayments.loseNext(readText(body, 'out_trade_no'))
      return { ok: true }
    },
  },
  'POST duplicate-next-notice': {
    about: '{copies} posts the next notice that many times in parallel',
    run: (body, { simulator }) => {
      simulator.notices.ofPayments.duplicateNext(needNumber(body, 'copies'))
      return { ok: true }
    },
  },
  'POST delay-next-notice': {
    about: '{seconds} delays the first delivery of the notice of the next payment',
    run: (body, { simulator }) => {
      simulator.notices.ofPayments.delayNext(needNumber(body, 'seconds'))
      return { ok: true }
    },
  },
  'POST resend-notice': {
    about:
      '{out_trade_no, copies?, fields?, key?, sign_type?, with_sign_type?, strip_sign?} → {replies}: posts a notice now; fields are set before signing, null removes a field',
    run: resendNotice,
  },
  ...REFUND_CALLS,
  ...BILL_CALLS,
  'POST deliver-notices': {
    about: '→ {attempts}: delivers every notice that is due now, and waits for the replies',
    run: async (_, { simulator, deliver }) => ({
      attempts: await simulator.notices.deliverDue(deliver),
    }),
  },
  'POST advance': {
    about: "{seconds} → the state: advances WeChat's clock",
    run: (body, target) => {
      target.clock.advance(Math.round(needNumber(body, 'seconds') * 1_000))
      return describeState(target)
    },
  },
  'POST fault': {
    about:
      '{endpoint?, kind, times?, err_code?, err_code_des?, return_msg?} → {ok, faults_waiting}: injects a fault',
    run: (body, { simulator }) => {
      simulator.faults.inject(needFault(body))
      return { ok: true, faultsWaiting: simulator.faults.waiting() }
    },
  },
  'POST deliver-late-requests': {
    about:
      '→ {arrived}: WeChat acts now on the requests that the fault arrives_late holds on their way',
    run: async (_, { simulator }) => ({ arrived: await simulator.faults.deliverLate() }),
  },
  'POST clear-faults': {
    about: 'drops every fault that did not happen yet, and every request on its way',
    run: (_, { simulator }) => {
      simulator.faults.clear()
      return { ok: true }
    },
  },
  'GET orders': {
    about: '→ {orders}; GET /_control/orders/{out_trade_no} → one, with its notices and refunds',
    run: (_, { simulator }) => ({ orders: simulator.books.orders() }),
  },
  'GET history': {
    about: '→ {history}: every event, oldest first',
    run: (_, { simulator }) => ({ history: simulator.books.history() }),
  },
  'GET state': {
    about: '→ now (epoch ms), sums in fen, counts, next_notice_due_at, faults_waiting',
    run: (_, target) => describeState(target),
  },
}

function describeState({ simulator, clock }: ControlTarget): JsonObject {
  const now = clock.now()
  const nextDueAt = simulator.notices.nextDueAt()
  const notices = [...simulator.notices.ofPayments.all(), ...simulator.notices.ofRefunds.all()]
  return {
    now,
    nowText: new Date(now).toISOString(),
    capturedFen: simulator.books.capturedFen(),
    // `refundedFen` is the sum of the refunds that the payers have received. `refundingFen` is the sum of the refunds in
    // PROCESSING and CHANGE: the merchant has paid them, but the payers have not received them yet.
    refundedFen: simulator.books.refundedFen(),
    refundingFen: simulator.books.refundingFen(),
    unsettledFen: orNull(simulator.books.balanceFen()),
    availableFen: orNull(simulator.books.balanceFen(RECHARGE_FUNDS)),
    orders: simulator.books.orders().length,
    captures: simulator.books.captures().length,
    refunds: simulator.books.refunds().length,
    noticesWaiting: notices.filter(({ state }) => state === 'waiting').length,
    nextNoticeDueAt: nextDueAt ?? null,
    nextNoticeInSeconds: nextDueAt === undefined ? null : Math.max(0, (nextDueAt - now) / 1_000),
    faultsWaiting: simulator.faults.waiting(),
  }
}

/** JSON has no Infinity: null means that a balance of the merchant has no limit. */
const orNull = (fen: number): number | null => (fen === Infinity ? null : fen)

async function resendNotice(body: JsonObject, target: ControlTarget): Promise<JsonObject> {
  const { simulator, deliver } = target
  const outTradeNo = needOrder(body, simulator)
  const copies = needCopies(body)
  const options = readNoticeOptions(body)
  const replies = await Promise.all(
    Array.from({ length: copies }, () =>
      simulator.notices.ofPayments.post(outTradeNo, options, deliver),
    ),
  )
  return { replies: replies.map(({ reply, ...rest }) => ({ ...rest, body: reply ?? null })) }
}
