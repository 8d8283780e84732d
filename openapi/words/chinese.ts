/** The words of `docs/api.zh-CN.md`. */
import { sayInChinese } from './chinese-notes.ts'
import { CHINESE_OPERATIONS } from './chinese-operations.ts'
import { CHINESE_PROBLEMS } from './chinese-problems.ts'
import type { Words } from './words.ts'

export const CHINESE: Words = {
  say: sayInChinese,
  separator: '；',
  opening: `# HTTP 接口

<!-- 由 \`npm run openapi\` 生成，请不要直接修改。 -->

[English](api.md) · 请求和响应都是 UTF-8 编码的 JSON。金额单位为分；时间是 RFC 3339 格式的 UTC 时间，日期按北京时间计算。字段只增加，不改名。HEAD 与 GET 相同，只是没有响应体；\`/pay\` 和 \`/doctor\` 不支持 HEAD。路径不存在时返回 404 \`not_found\`，方法不支持时返回 405 \`method_not_allowed\`。工具可读取 OpenAPI 3.1 格式的同一份文档：\`GET /openapi.json\`。Node 程序可直接使用带类型的客户端 [examples/shop-client](../examples/shop-client/client.ts)。

- 令牌放在请求头 \`Authorization: Bearer …\` 中。下文的“令牌：viewer”表示商城的 MERCHANT_TOKEN 和任一操作员的令牌都可以使用；“令牌：operator”表示其中角色为 \`viewer\` 的操作员不能使用。
- 错误格式为 \`application/problem+json\`：程序请判断 \`code\`（[全部错误码](#错误码)），\`detail\` 是给人看的说明。
- 除下文列出的错误码以外，接口还可能返回 \`unauthorized\`（需要令牌的接口）、\`forbidden\`（要求 operator 的接口）、\`body_too_large\`（有请求体的接口）、\`internal\`、\`misconfigured\` 和 \`store_unavailable\`。
- 没有收到应答时，请原样重试：同一个请求不会生效两次。
- 列表分页返回：把 \`next_cursor\` 作为下一次请求的 \`cursor\`，直到它为 null。\`limit\` 为 1 到 100。
`,
  groups: {
    Shop: '商城',
    'Mini program': '小程序',
    Operations: '运维',
    WeChat: '微信',
  },
  operations: CHINESE_OPERATIONS,
  problems: CHINESE_PROBLEMS,
  webhooks: `## Webhook

Worker 按照 [Standard Webhooks](https://www.standardwebhooks.com) 的格式，向 WEBHOOK_URL 发送 POST 请求：请求头为 \`webhook-id\`、\`webhook-timestamp\` 和 \`webhook-signature\`，请求体为 \`{ "type", "timestamp", "data" }\`。接收端要验证签名，每个 \`webhook-id\` 只处理一次；对于同一个对象，忽略 \`revision\` 较小的数据；最后返回 2xx。\`alert\` 发往 ALERT_URL，供操作员使用。
`,
  objects: '数据结构',
  errorCodes: '错误码',
  columns: {
    parameter: '参数',
    field: '字段',
    type: '类型',
    status: '状态码',
    code: '错误码',
    data: '数据',
    note: '说明',
  },
  sentence: (phrase) => `${phrase}。`,
  space: '',
  comma: '、',
  colon: '：',
  noToken: '不需要令牌。',
  token: (name) => `令牌：${name}。`,
  body: (type) => `请求体：${type}。`,
  page: '分页',
  furtherFields: '其他字段',
  range: (minimum, maximum) => `${minimum} 到 ${maximum}`,
  usual: (value) => `默认 ${value}`,
  // Not as a bold sentence: Markdown does not end bold text after “。” when a character follows.
  problem: ({ title, detail }) => `**${title}**：${detail}`,
}
