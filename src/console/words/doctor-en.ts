/** What is wrong and what mends it, in English: see `doctor.ts`. */
/** The command that sets a secret. */
const PUT = 'npx wrangler secret put'

export const en = {
  needs_config: [
    'Not looked at, because variables are wrong.',
    'Set them, deploy, run the doctor again.',
  ],
  no_store: ['Not looked at, because the database is not ready.', 'Mend the database first.'],
  late: ['No result in time.', 'Run the doctor again.'],
  broken: [
    'The check itself failed.',
    'See internal_error in the log (npx wrangler tail), and report it.',
  ],
  'config.values wrong': [
    'These variables are missing or malformed, so the Worker does nothing.',
    `A secret: ${PUT} NAME. Others: [vars] in wrangler.toml, then npm run deploy. WX_API_KEY has exactly 32 characters, MERCHANT_TOKEN at least 32; DB is a binding.`,
  ],
  'config.features off': [
    'These variables are malformed, so their features are off.',
    `Correct them: ${PUT} NAME, or [vars] in wrangler.toml and npm run deploy. The README describes each.`,
  ],
  'config.shape appid': [
    'This does not look like the AppID of a mini program.',
    'WX_APPID is wx and 16 more characters: mp.weixin.qq.com → 开发管理 → 开发设置.',
  ],
  'config.shape mch_id': [
    'This does not look like a merchant number.',
    'WX_MCH_ID has 8 to 10 digits: pay.weixin.qq.com, top right.',
  ],
  'config.origins simulated': [
    'These variables lead to another WeChat than the real one: no real money is taken.',
    'For real money, leave them empty in wrangler.toml and deploy.',
  ],
  'config.public_url workers_dev': [
    'PUBLIC_URL is on workers.dev, which mainland China cannot reach.',
    'Set routes with a domain of your own in wrangler.toml, put it into PUBLIC_URL, deploy.',
  ],
  'config.public_url elsewhere': [
    'WeChat calls the first address, and you are at the second one.',
    'Set PUBLIC_URL to the address of this Worker and deploy; or ask the doctor at PUBLIC_URL.',
  ],
  'config.public_url unread': ['PUBLIC_URL is missing or malformed.', 'Set it, then deploy.'],
  'config.rotation old': [
    'These previous secrets are still valid.',
    'A day after the change remove them: echo \'{"NAME":null}\' | npx wrangler secret bulk.',
  ],
  'store.answers away': [
    'D1 does not answer.',
    'See the status of Cloudflare, and store_unavailable in the log.',
  ],
  'store.answers far': [
    'The database is far from WeChat, so every payment is slow.',
    'It cannot be moved: make one with --location apac, export the old one, import, deploy.',
  ],
  'store.answers slow': [
    'The database is slow.',
    'Run the doctor again; if it stays so, see the status of Cloudflare.',
  ],
  'store.migrations behind': [
    'Migrations are missing; this one was the last.',
    'npm run deploy, or npx wrangler d1 migrations apply DB --remote.',
  ],
  'store.migrations ahead': [
    'The database is newer than this Worker.',
    'Deploy the newer version: npm run deploy. After a rollback this is usual, and works.',
  ],
  'kv.keeps absent': [
    'KV is not bound, so raw bills are not kept. They are compared all the same.',
    'Put [[kv_namespaces]] with binding = "KV" into wrangler.toml, deploy.',
  ],
  'kv.keeps lost': [
    'KV did not give back what was written.',
    'See the status of Cloudflare; bills are compared all the same.',
  ],
  'cron.alive never': [
    'The cron has not run yet.',
    'After a first deployment it can take 15 minutes. Then look at Settings → Triggers of the Worker: * * * * *.',
  ],
  'cron.alive silent': [
    'No run of the cron ended in five minutes. Payments whose notice is lost wait.',
    'Look at Settings → Triggers of the Worker (* * * * *), and at store_unavailable and internal_error in the log.',
  ],
  'cron.keeps_up plan': [
    'Cloudflare allows less than the budget of a run.',
    'Set PLAN = "free", or move the account to the paid plan.',
  ],
  'cron.keeps_up behind': [
    'Due work waits too long.',
    'See “Load” in docs/operations.md; on the paid plan raise TICK_CALLS and TICK_STATEMENTS.',
  ],
  'cron.keeps_up failed': [
    'So many items of the last runs failed.',
    'See tick_item_failed in the log.',
  ],
  'wechat.key key': [
    'The API V2 key is not the merchant’s, or WX_SIGN_TYPE is wrong.',
    `pay.weixin.qq.com → 账户中心 → API安全 → APIv2密钥, then ${PUT} WX_API_KEY. A new key takes effect after some minutes.`,
  ],
  'wechat.key merchant': [
    'WeChat does not know WX_MCH_ID as a merchant’s number.',
    'Copy the number from pay.weixin.qq.com, top right, into wrangler.toml; deploy. A service provider’s number does not work.',
  ],
  'wechat.key appid': [
    'WeChat Pay does not know WX_APPID.',
    'Copy the AppID from mp.weixin.qq.com → 开发设置 into wrangler.toml; deploy.',
  ],
  'wechat.key unbound': [
    'WX_APPID and WX_MCH_ID are not bound to one another.',
    'pay.weixin.qq.com → 产品中心 → AppID账号管理: bind the AppID, then confirm it at mp.weixin.qq.com.',
  ],
  'wechat.key product': [
    'The merchant may not use this interface.',
    'pay.weixin.qq.com → 产品中心: apply for JSAPI支付.',
  ],
  'wechat.key no_answer': [
    'WeChat Pay gave no answer.',
    'Leave WX_PAY_ORIGIN empty and run the doctor again. wechat_unreachable in the log has the reason.',
  ],
  'wechat.key busy': ['WeChat is busy.', 'Run the doctor again.'],
  'wechat.key other': [
    'WeChat refuses for a reason that its documents do not list.',
    'Read its words; the merchant platform or WeChat’s support explains them.',
  ],
  'wechat.clock skew': ['The clocks differ.', 'Rarely ours: run the doctor again.'],
  'wechat.clock unread': ['No answer with a date.', 'Mend wechat.key first.'],
  'wechat.secret secret': [
    'The AppSecret is not this AppID’s.',
    `mp.weixin.qq.com → 开发管理 → 开发设置 → AppSecret, then ${PUT} WX_APP_SECRET. A reset ends the old one at once.`,
  ],
  'wechat.secret appid': [
    'WeChat does not know WX_APPID.',
    'Copy the AppID from mp.weixin.qq.com → 开发设置 into wrangler.toml; deploy.',
  ],
  'wechat.secret no_answer': [
    'WeChat’s login gave no answer.',
    'Leave WX_LOGIN_ORIGIN empty and run the doctor again. wechat_unreachable in the log has the reason.',
  ],
  'wechat.secret other': ['WeChat could not tell.', 'Read its words, and run the doctor again.'],
  'wechat.backup no_answer': [
    'The second address does not answer. It is used when the first one fails.',
    'Leave WX_PAY_ORIGIN_BACKUP empty and run the doctor again.',
  ],
  'wechat.backup same': ['There is no second address.', 'Nothing to do with a simulated WeChat.'],
  'wechat.binding by_hand': [
    'Only a real order shows it.',
    'Pay one fen with your own phone, then refund it.',
  ],
  'cert.bound absent': [
    'There is no merchant certificate, so refunds answer 501.',
    'npm run setup -- --cert apiclient_cert.pem.',
  ],
  'cert.bound refused': [
    'WeChat refuses the merchant certificate.',
    'pay.weixin.qq.com → 账户中心 → API安全: make a certificate of this merchant; then npm run setup -- --cert apiclient_cert.pem.',
  ],
  'cert.bound no_answer': ['WeChat gave no answer about the certificate.', 'Run the doctor again.'],
  'cert.bound other': [
    'WeChat’s answer says nothing about the certificate.',
    'Mend wechat.key first, then run the doctor again.',
  ],
  'cert.expiry unbound': ['There is no merchant certificate.', 'See cert.bound.'],
  'cert.expiry unknown': [
    'The Worker does not know when the certificate ends.',
    'Put its last day into WX_CERT_EXPIRES (npx wrangler mtls-certificate list shows it), deploy.',
  ],
  'cert.expiry soon': [
    'The merchant certificate ends within thirty days.',
    'pay.weixin.qq.com → API安全: a new one; then npm run setup -- --cert apiclient_cert.pem.',
  ],
  'cert.expiry ended': [
    'The merchant certificate has ended, so refunds are refused.',
    'pay.weixin.qq.com → API安全: a new one; then npm run setup -- --cert apiclient_cert.pem.',
  ],
  'webhook.target malformed': [
    'WEBHOOK_URL or WEBHOOK_SECRET is malformed, so webhooks wait.',
    `WEBHOOK_URL is an https address, WEBHOOK_SECRET whsec_ and Base64: ${PUT} WEBHOOK_SECRET.`,
  ],
  'webhook.target unset': [
    'WEBHOOK_URL is not set, so the shop hears of no payment.',
    'See “Webhooks to your shop” in docs/deploy.md. Or ask GET /orders/{ordercode} yourself.',
  ],
  'webhook.target given_up': [
    'The shop did not take the last webhook, and it was given up.',
    'Mend the receiver: it must answer 2xx within 10 seconds. Then, in the console, resend it under Webhooks.',
  ],
  'webhook.target failing': [
    'The shop does not take the last webhook.',
    'Mend the receiver: it must answer 2xx within 10 seconds. The webhook is repeated by itself.',
  ],
  'webhook.target absent': [
    'The receiver at WEBHOOK_URL does not answer.',
    'Correct WEBHOOK_URL, or start the receiver.',
  ],
  'reviews.open open': [
    'So many reviews are open.',
    'Decide them under Reviews in the console, or GET /reviews?open=true.',
  ],
  'bills.yesterday early': ['WeChat makes the bill by noon in Beijing.', 'Look again after noon.'],
  'bills.yesterday open': [
    'Yesterday’s bill is not compared yet.',
    'In the console see Bills. 20007: ask WeChat to open the bill API.',
  ],
  'bills.yesterday gone': ['WeChat does not give the bill.', 'In the console see Bills.'],
  'alerts.target unset': [
    'No group is told.',
    `${PUT} ALERT_URL: the address of a group bot. See “Alerts” in docs/operations.md.`,
  ],
  'alerts.target refused': [
    'The bot refuses our messages.',
    `Copy the bot’s whole address: ${PUT} ALERT_URL.`,
  ],
  'alerts.target proof': [
    'The bot wants a proof of the sender.',
    `Choose 加签 or 签名校验, not a keyword or an IP list, then ${PUT} ALERT_SECRET.`,
  ],
  'alerts.target busy': ['The bot met too many messages.', 'Run the doctor again in ten minutes.'],
  'alerts.target no_answer': [
    'The bot gave no clear answer.',
    'Compare ALERT_URL with the bot’s address, and run the doctor again.',
  ],
} as Readonly<Record<string, readonly [string, string]>>
