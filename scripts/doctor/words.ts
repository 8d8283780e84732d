/** The sentences of the checks from outside, in English and Chinese. Those from inside are the Worker's. */
import type { DoctorWords } from '../../src/core/doctor/words.ts'

/** What is not in the Worker's words: the checks from outside, and verdicts that only this command can come to. */
export type OutsideWords = Pick<DoctorWords, 'checks' | 'findings'> &
  Readonly<{ partial: string; blind: string; took: (seconds: string) => string }>

const CHALLENGE_EN =
  'For the zone, switch Bot Fight Mode off (no rule can exempt a path from it), and let Browser Integrity Check, Access and country rules leave out /notify* and /pay*.'
const CHALLENGE_ZH =
  '请在这个域名上关闭 Bot Fight Mode（它不能按路径放行），并让 Browser Integrity Check、Access 和国家规则放行 /notify* 和 /pay*。'

const en: OutsideWords = {
  partial: 'Nothing wrong in what was looked at',
  blind: 'Could not look',
  took: (seconds) => `${seconds} s`,
  checks: {
    'worker.doctor': 'The Worker’s own checks',
    'net.dns': 'The name exists and leads to the internet',
    'net.tls': 'Phones trust the certificate',
    'net.health': 'The Worker answers, with the version of this folder',
    'net.workers_dev': 'There is no second door at workers.dev',
    'net.china': 'A phone in mainland China reaches it',
    'notify.open': 'WeChat’s notices reach the Worker',
    'notify.length': 'The notify_url is short enough',
    'pay.answers': 'Payers reach the Worker, and no cache keeps answers',
    'cli.login': 'wrangler is logged in',
    'cli.secrets': 'The required secrets are stored',
    'cli.migrations': 'All migrations of this folder are applied',
    'cli.node': 'Node is the version of this folder',
    'cert.expiry': 'The merchant certificate is valid for long enough',
  },
  findings: {
    local: ['Not looked at: the Worker is on this machine.', 'Nothing to do.'],
    unreachable: [
      'Could not look: nothing answered.',
      'See the other findings, and your own network; then run the doctor again.',
    ],
    late: ['Could not look in time.', 'Run the doctor again, or with --timeout 30.'],
    logged_out: ['wrangler is not logged in.', 'npx wrangler login; or set CLOUDFLARE_API_TOKEN.'],
    failed: ['wrangler could not tell.', 'Run the same with npx wrangler, and read what it says.'],
    challenge: ['Cloudflare answers with a challenge, which WeChat cannot solve.', CHALLENGE_EN],
    blocked: ['Cloudflare blocks the request.', CHALLENGE_EN],
    html: [
      'A web page answers instead of the Worker.',
      `Look at what stands before the Worker: a login (Access), another site, a challenge. ${CHALLENGE_EN}`,
    ],
    redirect: [
      'The address redirects, and WeChat does not follow.',
      'Remove the redirect rule, or set PUBLIC_URL to where it leads.',
    ],
    misconfigured: [
      'The Worker does nothing, because a variable is wrong.',
      'Run the doctor with MERCHANT_TOKEN, or see the names with npx wrangler tail.',
    ],
    other: [
      'Not an answer of this Worker.',
      'Is this the address of the Worker? Compare routes in wrangler.toml, then npm run deploy.',
    ],
    'worker.doctor no_token': [
      'Not looked at: MERCHANT_TOKEN is not given.',
      'MERCHANT_TOKEN=… npm run doctor -- <url>, or run it in a terminal, which asks.',
    ],
    'worker.doctor unauthorized': [
      'The token is not this Worker’s.',
      'Give the MERCHANT_TOKEN that was set with npx wrangler secret put, or an operator’s token.',
    ],
    'worker.doctor forbidden': [
      'A viewer may not run the checks that leave a trace.',
      'Leave --thorough out, or use the token of an operator.',
    ],
    'worker.doctor misconfigured': [
      'MERCHANT_TOKEN itself is missing or malformed in the Worker.',
      'npx wrangler secret put MERCHANT_TOKEN: at least 32 characters. npx wrangler tail shows all names.',
    ],
    'worker.doctor absent': ['This Worker has no /doctor.', 'npm run deploy.'],
    'net.dns absent': [
      'The name does not exist.',
      'A domain that was attached just now needs some minutes. Otherwise npm run setup attaches it.',
    ],
    'net.dns private': [
      'The name leads to a private address, which WeChat cannot reach.',
      'Point the name at the Worker: routes with custom_domain in wrangler.toml, npm run deploy.',
    ],
    'net.tls plain': [
      'Without https, mini programs and WeChat do not connect.',
      'Use the https address.',
    ],
    'net.tls expired': [
      'The certificate is not in date.',
      'Renew it: SSL/TLS → Edge Certificates at Cloudflare.',
    ],
    'net.tls name': [
      'The certificate is for another name.',
      'SSL/TLS → Edge Certificates at Cloudflare: add this name. A name two levels deep needs a certificate of its own.',
    ],
    'net.tls chain': [
      'The certificate is sent without its chain, so phones do not trust it.',
      'Send the intermediate certificates, too; behind Cloudflare this happens by itself: SSL/TLS → Edge Certificates.',
    ],
    'net.tls untrusted': [
      'Phones do not know who signed the certificate.',
      'Use a certificate of a public authority: SSL/TLS → Edge Certificates at Cloudflare.',
    ],
    'net.tls tls12': [
      'TLS 1.2 is refused, and many phones have nothing newer.',
      'SSL/TLS → Edge Certificates → Minimum TLS Version: 1.2.',
    ],
    'net.tls soon': [
      'The certificate ends soon.',
      'Cloudflare renews by itself; if this stays, see SSL/TLS → Edge Certificates.',
    ],
    'net.health version': [
      'You look at another version than this folder’s.',
      'npm run deploy; or check out the version that runs.',
    ],
    'net.health down': [
      'Payments are late until this is mended.',
      'See the other findings, and “What to watch” in docs/operations.md.',
    ],
    'net.health degraded': [
      'A part needs a look.',
      'See the other findings, and “What to watch” in docs/operations.md.',
    ],
    'net.workers_dev here': [
      'This is a workers.dev address, which mainland China cannot reach.',
      'Set routes with a domain of your own in wrangler.toml, put it into PUBLIC_URL, npm run deploy.',
    ],
    'net.workers_dev open': [
      'wrangler.toml does not close workers.dev: a second door, without the rules of your zone.',
      'workers_dev = false in wrangler.toml, npm run deploy.',
    ],
    'net.china by_hand': [
      'Only a phone there shows it.',
      'Scan the trial version with a phone on mobile data, debugging off. “Works only with debugging” means: the domain is not in request 合法域名, or not filed (备案).',
    ],
    'notify.length too_long': [
      'WeChat takes at most 256 characters.',
      'Use a shorter domain in PUBLIC_URL.',
    ],
    'pay.answers cached': [
      'A cache keeps the answers of /pay.',
      'Remove the cache rule for this host: Caching → Cache Rules at Cloudflare.',
    ],
    'cli.secrets missing': [
      'These secrets are not stored.',
      'npx wrangler secret put NAME, for each.',
    ],
    'cli.migrations behind': [
      'These migrations are not applied.',
      'npm run deploy, or npx wrangler d1 migrations apply DB --remote.',
    ],
    'cli.node other': [
      'Node has another version than the project was tested with.',
      'npm ci, then use npm run.',
    ],
    'cert.expiry unbound': ['No merchant certificate is bound.', 'See cert.bound.'],
    'cert.expiry gone': [
      'The account has no certificate with the id in wrangler.toml.',
      'npx wrangler mtls-certificate list shows the ids. Put the right one into wrangler.toml, npm run deploy.',
    ],
    'cert.expiry unknown': [
      'wrangler does not say when it ends.',
      'npx wrangler mtls-certificate list.',
    ],
    'cert.expiry soon': [
      'The merchant certificate ends within thirty days.',
      'pay.weixin.qq.com → API安全: a new one; then npm run setup -- --cert apiclient_cert.pem.',
    ],
    'cert.expiry ended': [
      'The merchant certificate has ended, so refunds are refused.',
      'pay.weixin.qq.com → API安全: a new one; then npm run setup -- --cert apiclient_cert.pem.',
    ],
  },
}

const zh: OutsideWords = {
  partial: '检查过的部分没有问题',
  blind: '没能检查',
  took: (seconds) => `${seconds} 秒`,
  checks: {
    'worker.doctor': 'Worker 自己的检查',
    'net.dns': '域名存在，指向公网',
    'net.tls': '手机信任证书',
    'net.health': 'Worker 有响应，版本与本目录一致',
    'net.workers_dev': 'workers.dev 上没有第二个入口',
    'net.china': '中国大陆的手机能访问',
    'notify.open': '微信的通知能到达 Worker',
    'notify.length': 'notify_url 长度合适',
    'pay.answers': '付款人能访问 Worker，没有缓存',
    'cli.login': 'wrangler 已登录',
    'cli.secrets': '必需的密钥都已保存',
    'cli.migrations': '本目录的迁移都已执行',
    'cli.node': 'Node 版本与本目录一致',
    'cert.expiry': '商户证书还有足够的有效期',
  },
  findings: {
    local: ['没有检查：Worker 在本机。', '不用处理。'],
    unreachable: ['没能检查：没有响应。', '看其他结果和您自己的网络，再体检一次。'],
    late: ['没能及时检查完。', '再体检一次，或加上 --timeout 30。'],
    logged_out: ['wrangler 没有登录。', 'npx wrangler login；或设置 CLOUDFLARE_API_TOKEN。'],
    failed: ['wrangler 没有给出结果。', '用 npx wrangler 运行同样的命令，看它的提示。'],
    challenge: ['Cloudflare 返回了人机验证，微信通不过。', CHALLENGE_ZH],
    blocked: ['Cloudflare 拦截了请求。', CHALLENGE_ZH],
    html: [
      '回答的是网页，不是 Worker。',
      `看看 Worker 前面有什么：登录（Access）、别的网站、人机验证。${CHALLENGE_ZH}`,
    ],
    redirect: [
      '这个地址会跳转，微信不会跟随。',
      '删除跳转规则，或把 PUBLIC_URL 设成跳转后的地址。',
    ],
    misconfigured: [
      '有变量不对，Worker 什么都不做。',
      '带上 MERCHANT_TOKEN 再体检，或用 npx wrangler tail 看变量名。',
    ],
    other: [
      '不是这个 Worker 的回答。',
      '这是 Worker 的地址吗？核对 wrangler.toml 的 routes，再 npm run deploy。',
    ],
    'worker.doctor no_token': [
      '没有检查：没有提供 MERCHANT_TOKEN。',
      'MERCHANT_TOKEN=… npm run doctor -- <url>；在终端里运行时会询问。',
    ],
    'worker.doctor unauthorized': [
      '令牌不是这个 Worker 的。',
      '请提供用 npx wrangler secret put 设置的 MERCHANT_TOKEN，或操作员的令牌。',
    ],
    'worker.doctor forbidden': [
      '只读的操作员不能做会留下痕迹的检查。',
      '去掉 --thorough，或用有权限的令牌。',
    ],
    'worker.doctor misconfigured': [
      'Worker 的 MERCHANT_TOKEN 本身没有设或格式不对。',
      'npx wrangler secret put MERCHANT_TOKEN：至少 32 个字符。npx wrangler tail 会显示所有变量名。',
    ],
    'worker.doctor absent': ['这个 Worker 没有 /doctor。', 'npm run deploy。'],
    'net.dns absent': [
      '域名不存在。',
      '刚绑定的域名需要几分钟生效。还没有绑定的，用 npm run setup 绑定。',
    ],
    'net.dns private': [
      '域名指向内网地址，微信访问不了。',
      '让域名指向 Worker：wrangler.toml 里 routes 加 custom_domain，再 npm run deploy。',
    ],
    'net.tls plain': ['不是 https，小程序和微信都不会连接。', '请用 https 地址。'],
    'net.tls expired': ['证书不在有效期内。', '续期：Cloudflare 的 SSL/TLS → Edge Certificates。'],
    'net.tls name': [
      '证书是别的域名的。',
      'Cloudflare 的 SSL/TLS → Edge Certificates：加上这个域名。两级以上的子域名要单独的证书。',
    ],
    'net.tls chain': [
      '证书没有带上中间证书，手机不信任。',
      '把中间证书也发出来；在 Cloudflare 后面会自动完成：SSL/TLS → Edge Certificates。',
    ],
    'net.tls untrusted': [
      '手机不认识证书的签发者。',
      '请用公共机构签发的证书：Cloudflare 的 SSL/TLS → Edge Certificates。',
    ],
    'net.tls tls12': [
      '不接受 TLS 1.2，而很多手机没有更新的版本。',
      '把最低版本改成 1.2：SSL/TLS → Edge Certificates → Minimum TLS Version。',
    ],
    'net.tls soon': [
      '证书快到期了。',
      'Cloudflare 会自动续期；一直这样就看 SSL/TLS → Edge Certificates。',
    ],
    'net.health version': ['线上版本与本目录不同。', 'npm run deploy；或切换到线上的版本。'],
    'net.health down': [
      '修好以前，收款会晚到账。',
      '看其他结果，和 docs/operations.zh-CN.md 的“日常监控”。',
    ],
    'net.health degraded': [
      '有部分需要看一下。',
      '看其他结果，和 docs/operations.zh-CN.md 的“日常监控”。',
    ],
    'net.workers_dev here': [
      '这是 workers.dev 的地址，中国大陆访问不了。',
      '在 wrangler.toml 的 routes 里设自己的域名，写进 PUBLIC_URL，再 npm run deploy。',
    ],
    'net.workers_dev open': [
      'wrangler.toml 没有关闭 workers.dev：这是第二个入口，不受您域名规则的保护。',
      '在 wrangler.toml 里设 workers_dev = false，再 npm run deploy。',
    ],
    'net.china by_hand': [
      '只有当地的手机能看出来。',
      '用手机流量扫体验版，关闭调试。“只有打开调试才能用”说明域名不在 request 合法域名里，或没有备案。',
    ],
    'notify.length too_long': ['微信最多接受 256 个字符。', 'PUBLIC_URL 请用短一些的域名。'],
    'pay.answers cached': [
      '有缓存保留了 /pay 的回答。',
      '删除这个域名的缓存规则：Cloudflare 的 Caching → Cache Rules。',
    ],
    'cli.secrets missing': ['这些密钥没有保存。', '逐个运行 npx wrangler secret put 名称。'],
    'cli.migrations behind': [
      '这些迁移没有执行。',
      'npm run deploy，或 npx wrangler d1 migrations apply DB --remote。',
    ],
    'cli.node other': ['Node 版本与项目测试时的不同。', 'npm ci，再用 npm run 运行。'],
    'cert.expiry unbound': ['没有绑定商户证书。', '见 cert.bound。'],
    'cert.expiry gone': [
      '账号里没有 wrangler.toml 里那个 id 的证书。',
      'npx wrangler mtls-certificate list 会列出 id。把正确的写进 wrangler.toml，再 npm run deploy。',
    ],
    'cert.expiry unknown': ['wrangler 没有说明到期日。', 'npx wrangler mtls-certificate list。'],
    'cert.expiry soon': [
      '商户证书三十天内到期。',
      'pay.weixin.qq.com → API安全：申请新证书，再运行 npm run setup -- --cert apiclient_cert.pem。',
    ],
    'cert.expiry ended': [
      '商户证书已到期，退款会被拒绝。',
      'pay.weixin.qq.com → API安全：申请新证书，再运行 npm run setup -- --cert apiclient_cert.pem。',
    ],
  },
}

export const OUTSIDE: Readonly<Record<'en' | 'zh', OutsideWords>> = { en, zh }
