/** The error codes in Chinese. The Worker itself answers with the English texts. */
import type { ProblemCode } from '../../src/routes/http/problem.ts'
import type { ProblemText } from './words.ts'

export const CHINESE_PROBLEMS: Readonly<Record<ProblemCode, ProblemText>> = {
  invalid_request: {
    title: '请求无效',
    detail: '有参数缺失或格式错误，`errors` 列出每个字段。请改正后重新发送。',
  },
  unauthorized: {
    title: '需要令牌',
    detail: '令牌缺失或错误。请用 `Authorization: Bearer …` 发送商城的令牌或操作员的令牌。',
  },
  forbidden: {
    title: 'viewer 无权操作',
    detail:
      '这个令牌的角色是 viewer，只能读取，并且不能读取原始账单。请使用角色为 operator 的令牌。',
  },
  login_invalid: {
    title: '登录 code 无效',
    detail: '登录 code 错误、过期或已经用过。请重新调用一次 wx.login，再用新的 code 重试。',
  },
  login_blocked: {
    title: '登录被拦截',
    detail: '微信目前不允许该用户登录。立即重试没有作用。',
  },
  ticket_invalid: {
    title: 'ticket 无效',
    detail: 'ticket 错误，或超过一天。请重新调用 /pay 获取。',
  },
  not_your_order: {
    title: '订单属于其他付款人',
    detail: '商城登记这个订单时指定了其他付款人，只有该付款人可以支付。',
  },
  not_found: {
    title: '路径不存在',
    detail: '这个路径下没有内容。',
  },
  order_not_found: {
    title: '订单不存在',
    detail: '没有登记过这个 ordercode。商城用 PUT /orders/{ordercode} 登记订单。',
  },
  refund_not_found: {
    title: '退款不存在',
    detail: '订单没有这个 out_refund_no 的退款。',
  },
  bill_not_found: {
    title: '账单不存在',
    detail:
      '没有这一天的账单。可能当时还没有登记过订单，也可能微信已不再保留（微信只保留三个月）。',
  },
  review_not_found: {
    title: '复核不存在',
    detail: '没有这个 id 的复核。GET /reviews 列出全部复核。',
  },
  delivery_not_found: {
    title: 'webhook 不存在',
    detail: '没有这个 id 的 webhook。GET /deliveries 列出全部 webhook。',
  },
  method_not_allowed: {
    title: '不支持该方法',
    detail: '这个路径不支持该请求方法，`Allow` 列出支持的方法。',
  },
  order_paid: {
    title: '已支付',
    detail: '订单已支付，不能再支付、修改或关闭。小程序应显示已支付页面。',
  },
  order_closed: {
    title: '订单已关闭',
    detail: '订单已关闭，或者即将到期，来不及支付。商城需要用另一个 ordercode 登记新订单。',
  },
  order_busy: {
    title: '订单处理中',
    detail: '另一次支付尝试在微信还没有关闭，或者另一个请求正在修改订单。请稍后重试。',
  },
  order_not_paid: {
    title: '未支付',
    detail: '订单没有支付，或者没有这个 transaction_id 的付款，因此没有可退的款项。',
  },
  refund_refused: {
    title: '微信拒绝退款',
    detail:
      '微信拒绝退回这笔付款，原因见订单中该退款的 `err_code`。请用其他方式退款，再处理复核：只写说明，不选操作。',
  },
  refund_conflict: {
    title: '退款单号已使用',
    detail:
      '这个 out_refund_no 已用于另一笔退款，其订单、金额、付款、原因或 refund_account 与本次不同。请换一个新的。',
  },
  refund_under_way: {
    title: '退款处理中',
    detail:
      '微信已有这笔退款，或者还有请求可能到达微信，因此不能撤销。如果 `state` 仍是 `requested`，请两分钟后重试。',
  },
  refund_cancelled: {
    title: '退款已撤销',
    detail:
      '这笔付款的退款已撤销，单号作废。请用 PUT 以另一个 out_refund_no 退款，再处理复核：只写说明，不选操作。',
  },
  refund_exceeds_payment: {
    title: '超过可退金额',
    detail: '退款金额大于这笔付款的剩余金额；`left` 是剩余金额，单位为分。',
  },
  refund_limit_reached: {
    title: '达到当日限额',
    detail:
      '当日退款将超过 REFUND_LIMIT_DAY；`left` 是今天剩余的额度，单位为分。没有预占任何金额。请明天（北京时间）重试，或请操作员提高限额。',
  },
  too_many_refunds: {
    title: '退款次数过多',
    detail: '微信规定一笔付款最多退款 50 次，这笔付款的次数已用完。请用其他方式退款。',
  },
  other_merchant: {
    title: '属于其他商户号',
    detail:
      '这个订单的付款或支付尝试不属于 WX_MCH_ID，而属于另一个商户号，因此无法向微信查询。请改回原商户号及其密钥和证书，或在该商户号的商户平台上处理。',
  },
  bill_not_ready: {
    title: '账单尚未生成',
    detail: '微信在次日上午生成账单，北京时间 10:00 起可以下载。请稍后重试。',
  },
  revision_conflict: {
    title: '订单已变化',
    detail: '订单的 revision 与 If-Match 不同：订单已被修改，或没有登记。请重新查询，再作决定。',
  },
  review_resolved: {
    title: '已处理',
    detail: '这条复核此前已处理，说明或操作与本次不同。',
  },
  action_not_allowed: {
    title: '不允许该操作',
    detail: '这类复核不允许该操作，或者订单现在不再允许。处理时请只写说明，不选操作。',
  },
  no_target: {
    title: '没有 webhook 地址',
    detail: '没有设置 WEBHOOK_URL，无法发送 webhook。请先设置，再重新发送。',
  },
  body_too_large: {
    title: '请求体过大',
    detail: '请求体超过 64 KiB。请减小后发送。',
  },
  too_many_requests: {
    title: '请求过多',
    detail: '短时间内对本服务或微信的请求过多。请稍后重试。',
  },
  internal: {
    title: '内部错误',
    detail:
      '服务发生意外错误，已写入日志。请求可能已经生效。请原样重试；退款必须使用同一个 out_refund_no。',
  },
  misconfigured: {
    title: '配置有误',
    detail: '配置不完整或有错误。日志会告诉操作员需要修改什么。',
  },
  refund_not_configured: {
    title: '退款未配置',
    detail: '退款需要商户证书。请用 `wrangler mtls-certificate upload` 上传，并绑定为 WX_CERT。',
  },
  wechat_refused: {
    title: '微信拒绝',
    detail: '微信拒绝了登录或下单，原因见 `wechat`。请显示给付款人，并报告商城。',
  },
  refunds_paused: {
    title: '退款已暂停',
    detail:
      '操作员已暂停退款（REFUNDS=paused），没有预占任何金额。恢复退款之后，请用同一个 out_refund_no 重试。',
  },
  wechat_unavailable: {
    title: '微信没有应答',
    detail: '微信没有给出明确的应答。不会丢失数据，可以放心重试。',
  },
  store_unavailable: {
    title: '数据库没有应答',
    detail:
      '数据库没有给出明确的应答，请求可能已经生效。请原样重试：同一个请求不会生效两次。退款必须使用同一个 out_refund_no；换号重试可能让付款人收到两次退款。',
  },
}
