/** What `docs/api.zh-CN.md` says about each operation. */
import type { OperationTexts } from './words.ts'

const AS_IT_IS = '原样传给 wx.requestPayment'

const noticeAnswers = {
  200: 'SUCCESS：已写入数据库，或此前已收到',
  400: 'FAIL：通知被拒绝，原因见日志',
  500: 'FAIL：程序错误，或配置有误',
  503: 'FAIL：没有写入数据库，微信会重新发送',
}

export const CHINESE_OPERATIONS: OperationTexts = {
  'GET /orders': {
    summary: '订单列表，从新到旧',
    more: '时间范围包含 `created_from`，不包含 `created_to`。一页可能不满 `limit` 条：`next_cursor` 为 null 才是最后一页。',
    answers: { 200: '一页结果' },
  },
  'PUT /orders/:ordercode': {
    summary: '登记订单，或修改未支付的订单',
    more: '重复同样的请求不会有任何改变，因此没有收到应答时请重试。填写 `openid` 后，只有该付款人可以支付。如果付款人已按原价打开收银台，Worker 会先关闭那次支付尝试；无法确认已关闭时返回 503，订单不变。',
    answers: { 200: '没有变化，或已修改', 201: '已登记' },
  },
  'GET /orders/:ordercode': {
    summary: '查询订单，包括支付尝试、付款、退款和复核',
    answers: { 200: '订单' },
  },
  'GET /orders/:ordercode/events': {
    summary: '订单的历史记录，从旧到新',
    answers: { 200: '一页结果' },
  },
  'POST /orders/:ordercode/query': {
    summary: '立即向微信查单',
    answers: { 200: '订单' },
  },
  'POST /orders/:ordercode/close': {
    summary: '先在微信关单，再关闭本地订单',
    more: '返回 200 之后，订单不能再支付。返回 409 `order_busy` 表示微信没有确认，订单保持原状，请重试。',
    answers: { 200: '订单' },
  },

  'PUT /orders/:ordercode/refunds/:out_refund_no': {
    summary: '申请退款，可以只退一部分',
    more: '退款单号保证不会重复退款：没有收到应答时，请用同一个 `out_refund_no` 重试，换号就是另一笔退款。`requested` 表示已预占金额，微信尚未受理，Worker 会继续尝试。最终结果通过 webhook 通知。',
    answers: { 200: '此前已登记', 201: '金额已预占；可以发送时，已经发给微信' },
  },
  'GET /orders/:ordercode/refunds/:out_refund_no': {
    summary: '查询退款',
    answers: { 200: '退款' },
  },
  'DELETE /orders/:ordercode/refunds/:out_refund_no': {
    summary: '撤销微信没有受理的退款',
    more: '撤销之后，这个退款单号作废。',
    answers: { 200: '已撤销' },
  },

  'GET /bills/:date': {
    summary: '查询某一天的对账报告',
    answers: { 200: '当天的对账报告' },
  },
  'GET /bills/:date/raw': {
    summary: '下载某一天的微信原始账单',
    more: '其中有该商户号下所有系统的付款，因此 viewer 不能读取。',
    answers: { 200: '账单文件' },
  },
  'POST /bills/:date/reconcile': {
    summary: '立即下载某一天的账单并对账',
    answers: { 200: '当天的对账报告' },
  },

  'GET /reviews': {
    summary: '人工复核列表，从新到旧',
    answers: { 200: '一页结果' },
  },
  'POST /reviews/:id/resolve': {
    summary: '处理一条复核：填写说明；该类型允许时，还可以选择操作',
    more: '`accept` 将付款入账，`refund` 将付款退回。[各类复核允许的操作](operations.md#reviews)（英文）。',
    answers: { 200: '复核' },
  },

  'GET /deliveries': {
    summary: 'webhook 及其投递记录，从新到旧',
    answers: { 200: '一页结果' },
  },
  'POST /deliveries/:id/resend': {
    summary: '重新发送一个 webhook',
    answers: { 200: '重新发送之后的 webhook' },
  },

  'GET /pay': {
    summary: '用登录 code 换取 wx.requestPayment 的参数',
    more: '`code` 由 `wx.login` 取得，只能使用一次。出错时，请按错误码告诉付款人怎么做：[小程序的处理方法](../README.zh-CN.md#http-接口)。登录成功之前，不会透露订单的任何信息。',
    answers: { 200: AS_IT_IS },
  },
  'POST /pay': {
    summary: '与 GET /pay 相同，参数放在 JSON 请求体中',
    answers: { 200: AS_IT_IS },
  },
  'GET /result': {
    summary: '查询 ticket 对应的订单是否已支付',
    more: '供付款人等待结果的页面使用。订单未支付时，Worker 会向微信查单，最多每 3 秒一次。`HEAD` 不查单。',
    answers: { 200: '付款人可以看到的订单信息' },
  },

  'GET /runs': {
    summary: '定时任务的运行记录，从新到旧',
    answers: { 200: '一页结果' },
  },
  'POST /recover': {
    summary: '恢复数据库之后，开始找回其后的付款和退款',
    more: '`since` 是数据库恢复到的时间。请先阅读[恢复之后的处理](operations.md#after-restoring-the-database)（英文）。',
    answers: { 202: '已开始，进度见 GET /runs' },
  },
  'GET /doctor': {
    summary: '体检：每一项检查，以及发现问题时的解决办法',
    more: '`lang=zh` 返回中文说明。配置有误时也能应答。`HEAD` 返回 405。[全部检查](operations.md#the-doctor)（英文）。',
    answers: { 200: '体检结果' },
  },
  'POST /doctor': {
    summary: '体检，包括会留下痕迹的检查',
    more: '会向告警群发送一条测试消息，向 KV 写入一条数据，并向微信申请一笔不可能成功的退款。',
    answers: { 200: '体检结果' },
  },
  'GET /health': {
    summary: '服务状态：能否收款，能否查到付款',
    more: '带令牌时，还会返回等待时间和数量。结果可能是几秒之前的。',
    answers: { 200: 'ok 或 degraded', 503: 'down' },
  },
  'GET /metrics': {
    summary: 'Prometheus 监控指标',
    more: '没有设置 METRICS_TOKEN 时返回 404。[各项指标的含义](operations.md#metrics)（英文）。',
    answers: { 200: '文本格式 0.0.4' },
  },
  'GET /openapi.json': {
    summary: '本文档的 OpenAPI 描述',
    answers: { 200: 'OpenAPI 3.1' },
  },

  'POST /notify': {
    summary: '支付通知',
    more: '由微信调用，使用微信的 XML 格式。签名与 API 密钥不符的通知会被拒绝。',
    answers: noticeAnswers,
  },
  'POST /notify/refund': {
    summary: '退款通知',
    more: '由微信调用，使用微信的 XML 格式。退款通知没有签名，因此先向微信查询确认，再修改数据。',
    answers: noticeAnswers,
  },
}
