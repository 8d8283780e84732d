/** Bugs in notices: signatures, XML, fields, and the answer to WeChat. */
import type { Mutant } from './mutant.ts'

const SIGN = ['test/wechat/v2/wire/sign.test.ts']
const ENVELOPE = ['test/wechat/v2/wire/envelope.test.ts']
const NOTICE = ['test/wechat/v2/notices/payment.test.ts']
const XML = ['test/wechat/v2/wire/xml.test.ts', 'test/wechat/v2/wire/xml-hostile.test.ts']
const NOTICES = ['test/stories/pay/notices.test.ts']

/** The mutants with bugs in notices. */
export const NOTICE_MUTANTS: readonly Mutant[] = [
  {
    name: 'A notice without a signature is accepted',
    file: 'wechat/v2/wire/sign.ts',
    find: `fields.get('sign') ?? ''`,
    replace: `fields.get('sign') ?? (await sign(fields, key, signType))`,
    tests: SIGN,
  },
  {
    name: 'An empty signature equals every signature',
    file: 'lib/text.ts',
    find: 'if (a.length !== b.length) return false',
    replace: '',
    tests: ['test/lib/text.test.ts'],
  },
  {
    name: 'A signature in lower case is accepted',
    file: 'wechat/v2/wire/sign.ts',
    find: 'equalInConstantTime(claimed,',
    replace: 'equalInConstantTime(claimed.toUpperCase(),',
    tests: SIGN,
  },
  {
    name: 'Field names are sorted by locale instead of by bytes, so that genuine notices are refused',
    file: 'wechat/v2/wire/sign.ts',
    find: '(a < b ? -1 : 1)',
    replace: 'a.localeCompare(b)',
    tests: SIGN,
  },
  {
    name: 'Empty fields are included in the signature, so that genuine notices are refused',
    file: 'wechat/v2/wire/sign.ts',
    find: `name !== 'sign' && value !== ''`,
    replace: `name !== 'sign'`,
    tests: SIGN,
  },
  {
    name: 'Any signature is accepted, as long as there is one',
    file: 'wechat/v2/wire/envelope.ts',
    find: '!(await verify(fields, merchant.apiKey, signType))',
    replace: `!fields.has('sign')`,
    tests: ENVELOPE,
  },
  {
    name: 'The sender of a notice chooses the signature algorithm',
    file: 'wechat/v2/wire/envelope.ts',
    find: 'verify(fields, merchant.apiKey, signType)',
    replace: `verify(fields, merchant.apiKey, fields.get('sign')?.length === 64 ? 'HMAC-SHA256' : 'MD5')`,
    tests: ENVELOPE,
  },
  {
    name: 'A message without return_code is accepted',
    file: 'wechat/v2/wire/envelope.ts',
    find: `fields.get('return_code') !== 'SUCCESS'`,
    replace: `fields.get('return_code') === 'FAIL'`,
    tests: ENVELOPE,
  },
  {
    name: 'A payment of another mini program is recorded',
    file: 'core/order/payment-check.ts',
    find: '!haveSameIds(payment, terms)',
    replace: 'false',
    tests: ['test/core/order/payment-check.test.ts'],
  },
  {
    name: 'A payment of another merchant is recorded',
    file: 'wechat/v2/wire/envelope.ts',
    find: `fields.get('mch_id') !== merchant.mchId`,
    replace: 'false',
    tests: ENVELOPE,
  },
  {
    name: 'A notice without result_code SUCCESS is recorded as a payment',
    file: 'wechat/v2/notices/payment.ts',
    find: `fields.get('result_code') !== 'SUCCESS'`,
    replace: `fields.get('result_code') === 'FAIL'`,
    tests: NOTICE,
  },
  {
    name: 'A notice with an unpaid trade_state is recorded as a payment',
    file: 'wechat/v2/notices/payment.ts',
    find: `tradeState !== '' && tradeState !== 'SUCCESS'`,
    replace: `tradeState === 'CLOSED'`,
    tests: NOTICE,
  },
  {
    name: 'A notice signed with the old, possibly leaked key is recorded without a query',
    file: 'wechat/v2/notices/payment.ts',
    find: 'readFields(old.value, true)',
    replace: 'readFields(old.value, false)',
    tests: ['test/wechat/v2/notices/key-rotation.test.ts'],
  },
  {
    name: 'WeChat does not recognise our answer to a notice and repeats it for a day',
    file: 'wechat/v2/notices/readers.ts',
    find: `answer('SUCCESS', 'OK')`,
    replace: `answer('SUCCESS', 'ok')`,
    tests: NOTICE,
  },
  {
    name: 'A notice that could not be recorded is acknowledged, so that WeChat never repeats it',
    file: 'service/notice/handle-notice.ts',
    find: `return isRetryable(recorded.error.reason) ? 'unavailable' : 'refused'`,
    replace: `return 'accepted'`,
    tests: NOTICES,
  },
  {
    name: 'A notice is acknowledged before the payment is stored',
    file: 'service/notice/handle-notice.ts',
    find: `const recorded = await recordPayment(deps, { payment, source: 'notice', policy, refunded: false })
`,
    replace: `void recordPayment(deps, { payment, source: 'notice', policy, refunded: false }).catch(() => {})
  const recorded = { ok: true, error: { reason: '' } }
`,
    tests: NOTICES,
  },
  {
    name: 'A notice is acknowledged while the database is down',
    file: 'service/notice/handle-notice.ts',
    find: `return isStore ? 'unavailable' : 'failed'`,
    replace: `return task.kind === 'confirm_refund' ? 'failed' : 'accepted'`,
    tests: NOTICES,
  },
  {
    name: 'The answer tells a forger that the signature was wrong',
    file: 'routes/wechat/notices.ts',
    find: `return answer(reply, 'refused')`,
    replace: `return reason === 'bad_signature' ? new Response(reply.refused, { status: 401 }) : answer(reply, 'refused')`,
    tests: NOTICES,
  },
  {
    name: 'An endless request body fills the memory',
    file: 'lib/limited-body.ts',
    find: 'if (length > bytesMax) {',
    replace: 'if (length > 1e12) {',
    tests: ['test/lib/limited-body.test.ts'],
  },
  {
    name: 'Blanks around signed values are removed, so that genuine notices are refused',
    file: 'wechat/v2/wire/xml.ts',
    find: 'trimValues: false',
    replace: 'trimValues: true',
    tests: XML,
  },
  {
    name: 'A transaction_id with 28 digits becomes the number 4.2e27',
    file: 'wechat/v2/wire/xml.ts',
    find: 'parseTagValue: false',
    replace: 'parseTagValue: true',
    tests: XML,
  },
  {
    name: 'XML references are decoded twice',
    file: 'wechat/v2/wire/xml.ts',
    find: 'text += decodeReferences(content)',
    replace: 'text += decodeReferences(decodeReferences(content))',
    tests: XML,
  },
  {
    name: 'XML references are decoded inside CDATA',
    file: 'wechat/v2/wire/xml.ts',
    find: 'text += rawText(content)',
    replace: 'text += decodeReferences(rawText(content))',
    tests: XML,
  },
  {
    name: 'A DOCTYPE is accepted, and with it external entities that read files',
    file: 'wechat/v2/wire/xml.ts',
    find: '!MARKUP.test(markup) ||',
    replace: '',
    tests: XML,
  },
  {
    name: 'Of two total_fee elements the second one counts',
    file: 'wechat/v2/wire/xml.ts',
    find: `if (fields.has(name)) return err({ reason: 'duplicate_element', name })`,
    replace: '',
    tests: XML,
  },
  {
    name: 'A message with thousands of elements is parsed',
    file: 'wechat/v2/wire/xml.ts',
    find: '2 * elementsMax',
    replace: '2_000 * elementsMax',
    tests: XML,
  },
  {
    name: 'Bytes that are not UTF-8 are replaced instead of refused',
    file: 'wechat/v2/wire/xml.ts',
    find: 'fatal: true, ignoreBOM: true',
    replace: 'fatal: false, ignoreBOM: true',
    tests: ['test/wechat/v2/wire/xml-characters.test.ts'],
  },
  {
    name: 'The amount 0100 is read as 100',
    file: 'core/money.ts',
    find: '/^(0|[1-9]\\d*)$/',
    replace: '/^\\d+$/',
    tests: ['test/core/money.test.ts'],
  },
  {
    name: 'A payment in dollars is recorded as yuan',
    file: 'wechat/v2/wire/payment-fields.ts',
    find: `text('fee_type') === '' ? 'CNY' : text('fee_type')`,
    replace: `'CNY'`,
    tests: NOTICE,
  },
  {
    name: 'Beijing time is read as UTC, so that payments are dated eight hours late',
    file: 'core/time.ts',
    find: 'BEIJING_OFFSET_S = 8 * HOUR_S',
    replace: 'BEIJING_OFFSET_S = 0 * HOUR_S',
    tests: ['test/core/time.test.ts'],
  },
  {
    name: '31 February is accepted as a date',
    file: 'core/time.ts',
    find: 'formatBeijing(at) === text ? at : undefined',
    replace: 'at',
    tests: ['test/core/time.test.ts'],
  },
]
