/** What is wrong and what mends it, in Chinese: see `doctor.ts`. */
import type { en } from './doctor-en.ts'

/** The command that sets a secret. */
const PUT = 'npx wrangler secret put'

export const zh: typeof en = {
  needs_config: ['变量有误，没有检查。', '设好变量，部署后再体检。'],
  no_store: ['数据库没有就绪，没有检查。', '先修好数据库。'],
  late: ['没有及时得到结果。', '再体检一次。'],
  broken: ['检查本身出错了。', '看日志里的 internal_error（npx wrangler tail），并报告给我们。'],
  'config.values wrong': [
    '这些变量没有设或格式不对，Worker 什么都不做。',
    `密钥：${PUT} 名称。其他：写进 wrangler.toml 的 [vars]，再 npm run deploy。WX_API_KEY 正好 32 个字符，MERCHANT_TOKEN 至少 32 个；DB 是绑定。`,
  ],
  'config.features off': [
    '这些变量格式不对，对应的功能已关闭。',
    `改正：${PUT} 名称，或改 wrangler.toml 的 [vars] 后 npm run deploy。README 有每个变量的说明。`,
  ],
  'config.shape appid': [
    '看起来不是小程序的 AppID。',
    'WX_APPID 是 wx 加 16 个字符：mp.weixin.qq.com → 开发管理 → 开发设置。',
  ],
  'config.shape mch_id': [
    '看起来不是商户号。',
    'WX_MCH_ID 是 8 到 10 位数字：pay.weixin.qq.com 右上角。',
  ],
  'config.origins simulated': [
    '这些变量指向的不是真正的微信，不会收到真钱。',
    '要收真钱，请在 wrangler.toml 里留空并部署。',
  ],
  'config.public_url workers_dev': [
    'PUBLIC_URL 在 workers.dev 上，中国大陆访问不了。',
    '在 wrangler.toml 的 routes 里设自己的域名，写进 PUBLIC_URL，再部署。',
  ],
  'config.public_url elsewhere': [
    '微信会访问前一个地址，而您现在访问的是后一个。',
    '把 PUBLIC_URL 设成这个 Worker 的地址并部署；或者到 PUBLIC_URL 上体检。',
  ],
  'config.public_url unread': ['PUBLIC_URL 没有设或格式不对。', '设好后部署。'],
  'config.rotation old': [
    '这些旧密钥仍然有效。',
    '更换一天以后请删除：echo \'{"名称":null}\' | npx wrangler secret bulk。',
  ],
  'store.answers away': ['D1 没有响应。', '看 Cloudflare 的状态页，和日志里的 store_unavailable。'],
  'store.answers far': [
    '数据库离微信很远，每笔收款都会慢。',
    '数据库不能搬：用 --location apac 新建一个，导出旧的再导入，然后部署。',
  ],
  'store.answers slow': ['数据库响应慢。', '再体检一次；一直这样就看 Cloudflare 的状态页。'],
  'store.migrations behind': [
    '还有迁移没有执行，最后执行的是这个。',
    'npm run deploy，或 npx wrangler d1 migrations apply DB --remote。',
  ],
  'store.migrations ahead': [
    '数据库比这个 Worker 新。',
    '部署新版本：npm run deploy。回滚之后这是正常的，可以照常用。',
  ],
  'kv.keeps absent': [
    '没有绑定 KV，原始账单不存档，核对照常。',
    '在 wrangler.toml 里加 [[kv_namespaces]]，binding = "KV"，再部署。',
  ],
  'kv.keeps lost': ['KV 没有交还写入的内容。', '看 Cloudflare 的状态页；账单核对照常。'],
  'cron.alive never': [
    '定时任务还没有运行过。',
    '首次部署后可能要等 15 分钟。之后还没有，就看 Worker 的 Settings → Triggers：* * * * *。',
  ],
  'cron.alive silent': [
    '定时任务五分钟里没有跑完一次，丢了通知的收款在等。',
    '看 Worker 的 Settings → Triggers（* * * * *），和日志里的 store_unavailable、internal_error。',
  ],
  'cron.keeps_up plan': [
    'Cloudflare 给的额度比预算小。',
    '设 PLAN = "free"，或者把账号换成付费套餐。',
  ],
  'cron.keeps_up behind': [
    '到期的事等得太久。',
    '见 docs/operations.zh-CN.md 的“负载”；付费套餐请调大 TICK_CALLS 和 TICK_STATEMENTS。',
  ],
  'cron.keeps_up failed': ['最近几次运行里有这么多项失败。', '看日志里的 tick_item_failed。'],
  'wechat.key key': [
    'APIv2 密钥不是这个商户的，或者 WX_SIGN_TYPE 不对。',
    `pay.weixin.qq.com → 账户中心 → API安全 → APIv2密钥，再 ${PUT} WX_API_KEY。新密钥几分钟后生效。`,
  ],
  'wechat.key merchant': [
    '微信不认识商户号 WX_MCH_ID。',
    '从 pay.weixin.qq.com 右上角复制商户号，写进 wrangler.toml 并部署。服务商的商户号不能用。',
  ],
  'wechat.key appid': [
    '微信支付不认识 WX_APPID。',
    '从 mp.weixin.qq.com → 开发设置 复制 AppID，写进 wrangler.toml 并部署。',
  ],
  'wechat.key unbound': [
    'WX_APPID 和 WX_MCH_ID 没有绑定。',
    'pay.weixin.qq.com → 产品中心 → AppID账号管理：绑定 AppID，再到 mp.weixin.qq.com 确认。',
  ],
  'wechat.key product': [
    '商户没有这个接口的权限。',
    'pay.weixin.qq.com → 产品中心：开通 JSAPI支付。',
  ],
  'wechat.key no_answer': [
    '微信支付没有响应。',
    '把 WX_PAY_ORIGIN 留空，再体检一次。原因见日志里的 wechat_unreachable。',
  ],
  'wechat.key busy': ['微信繁忙。', '再体检一次。'],
  'wechat.key other': [
    '微信拒绝了，原因不在文档里。',
    '看微信的原话；可以查商户平台，或问微信客服。',
  ],
  'wechat.clock skew': ['两边的时间不一致。', '很少是我们的问题：再体检一次。'],
  'wechat.clock unread': ['没有带时间的回复。', '先解决 wechat.key。'],
  'wechat.secret secret': [
    'AppSecret 不是这个 AppID 的。',
    `mp.weixin.qq.com → 开发管理 → 开发设置 → AppSecret，再 ${PUT} WX_APP_SECRET。重置后旧的立即失效。`,
  ],
  'wechat.secret appid': [
    '微信不认识 WX_APPID。',
    '从 mp.weixin.qq.com → 开发设置 复制 AppID，写进 wrangler.toml 并部署。',
  ],
  'wechat.secret no_answer': [
    '微信登录接口没有响应。',
    '把 WX_LOGIN_ORIGIN 留空，再体检一次。原因见日志里的 wechat_unreachable。',
  ],
  'wechat.secret other': ['微信没有给出结论。', '看微信的原话，再体检一次。'],
  'wechat.backup no_answer': [
    '备用域名没有响应。主域名出问题时要用它。',
    '把 WX_PAY_ORIGIN_BACKUP 留空，再体检一次。',
  ],
  'wechat.backup same': ['没有备用域名。', '用模拟的微信时不用处理。'],
  'wechat.binding by_hand': ['只有真实下单才能看出来。', '用自己的手机付一分钱，再退款。'],
  'cert.bound absent': [
    '没有商户证书，退款会回答 501。',
    'npm run setup -- --cert apiclient_cert.pem。',
  ],
  'cert.bound refused': [
    '微信不接受商户证书。',
    'pay.weixin.qq.com → 账户中心 → API安全：申请本商户的证书，再运行 npm run setup -- --cert apiclient_cert.pem。',
  ],
  'cert.bound no_answer': ['微信没有就证书作出回答。', '再体检一次。'],
  'cert.bound other': ['微信的回答与证书无关。', '先解决 wechat.key，再体检一次。'],
  'cert.expiry unbound': ['没有商户证书。', '见 cert.bound。'],
  'cert.expiry unknown': [
    'Worker 不知道证书哪天到期。',
    '把到期日写进 WX_CERT_EXPIRES（npx wrangler mtls-certificate list 可以查到），再部署。',
  ],
  'cert.expiry soon': [
    '商户证书三十天内到期。',
    'pay.weixin.qq.com → API安全：申请新证书，再运行 npm run setup -- --cert apiclient_cert.pem。',
  ],
  'cert.expiry ended': [
    '商户证书已到期，退款会被拒绝。',
    'pay.weixin.qq.com → API安全：申请新证书，再运行 npm run setup -- --cert apiclient_cert.pem。',
  ],
  'webhook.target malformed': [
    'WEBHOOK_URL 或 WEBHOOK_SECRET 格式不对，通知都在等。',
    `WEBHOOK_URL 是 https 地址，WEBHOOK_SECRET 是 whsec_ 加 Base64：${PUT} WEBHOOK_SECRET。`,
  ],
  'webhook.target unset': [
    '没有设 WEBHOOK_URL，商城不会知道收款。',
    '见 docs/deploy.zh-CN.md 的“接收 webhook”。或者自己查 GET /orders/{ordercode}。',
  ],
  'webhook.target given_up': [
    '商城没有收下最近的通知，已放弃。',
    '修好接收端：10 秒内回答 2xx。然后在控制台的“通知”里重发。',
  ],
  'webhook.target failing': [
    '商城没有收下最近的通知。',
    '修好接收端：10 秒内回答 2xx。通知会自动再发。',
  ],
  'webhook.target absent': ['WEBHOOK_URL 上的接收端没有响应。', '改正 WEBHOOK_URL，或启动接收端。'],
  'reviews.open open': [
    '有这么多件事待处理。',
    '在控制台的“待处理”里决定，或 GET /reviews?open=true。',
  ],
  'bills.yesterday early': ['微信在北京时间中午前出账单。', '中午以后再看。'],
  'bills.yesterday open': [
    '昨天的账单还没有核对完。',
    '看控制台的“账单”。20007：请微信开通账单接口。',
  ],
  'bills.yesterday gone': ['微信不提供这份账单了。', '看控制台的“账单”。'],
  'alerts.target unset': [
    '没有群会收到告警。',
    `${PUT} ALERT_URL：群机器人的地址。见 docs/operations.zh-CN.md 的“告警”。`,
  ],
  'alerts.target refused': ['机器人拒收我们的消息。', `复制机器人的完整地址：${PUT} ALERT_URL。`],
  'alerts.target proof': [
    '机器人要验证发送者。',
    `选“加签”或“签名校验”，不要用关键词或 IP 白名单，再 ${PUT} ALERT_SECRET。`,
  ],
  'alerts.target busy': ['机器人收到的消息太多。', '十分钟后再体检。'],
  'alerts.target no_answer': [
    '机器人没有明确回答。',
    '核对 ALERT_URL 和机器人的地址，再体检一次。',
  ],
}
