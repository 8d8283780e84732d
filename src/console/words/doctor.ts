/**
 * The sentences of the doctor: what each check looks at; and for each finding, by check and reason, what is wrong and what
 * mends it. `GET /doctor` has them, too.
 */
import { en as findingsEn } from './doctor-en.ts'
import { zh as findingsZh } from './doctor-zh.ts'

const en = {
  verdict: {
    ready: () => 'Ready for money',
    warnings: (n: number) => `Works, ${n} ${n === 1 ? 'warning' : 'warnings'}`,
    not_ready: (n: number) => `Not ready: ${n}`,
  },
  checks: {
    'config.values': 'All variables that paying needs are set',
    'config.features': 'No feature is off because of a wrong variable',
    'config.shape': 'AppID and merchant number look right',
    'config.origins': 'WeChat is the real one',
    'config.public_url': 'PUBLIC_URL is where this Worker answers',
    'config.rotation': 'No previous secret is left',
    'store.answers': 'The database answers fast, near WeChat',
    'store.migrations': 'The database has the tables of this version',
    'kv.keeps': 'Raw bills are kept',
    'cron.alive': 'The cron runs',
    'cron.keeps_up': 'The cron keeps up',
    'wechat.key': 'WeChat accepts our API V2 key, and we accept WeChat’s signature',
    'wechat.clock': 'WeChat’s clock and ours agree',
    'wechat.secret': 'AppID and AppSecret belong together',
    'wechat.backup': 'WeChat’s second address answers',
    'wechat.binding': 'AppID and merchant number are bound to one another',
    'cert.bound': 'The merchant certificate is bound',
    'cert.expiry': 'The merchant certificate is valid for long enough',
    'webhook.target': 'The shop takes its webhooks',
    'reviews.open': 'Nothing waits for a person',
    'bills.yesterday': 'Yesterday’s bill is compared',
    'alerts.target': 'The group of the operators hears of trouble',
  } as Readonly<Record<string, string>>,
  findings: findingsEn,
  page: {
    title: 'Doctor',
    none: 'The doctor has not run yet. It looks at the configuration, the database and WeChat.',
    run: 'Run all checks',
    runThorough: 'Run with a test message',
    thoroughWhat:
      'A run takes up to ten seconds, and is repeated at most every thirty. With a test message, it also writes an entry to KV and deletes it, and sends WeChat a refund of a payment that does not exist, which WeChat must refuse.',
    rest: (n: number) => (n === 1 ? '1 other check' : `${n} other checks`),
    /** Of a check that failed: its name says what is right. */
    expected: (name: string) => `Should be: ${name}`,
    status: { ok: 'in order', warn: 'warning', fail: 'failed', skip: 'not looked at' },
  },
}

const zh: typeof en = {
  verdict: {
    ready: () => '可以收款',
    warnings: (n) => `可以用，有 ${n} 项要留意`,
    not_ready: (n) => `还不能收款：${n} 项不通过`,
  },
  checks: {
    'config.values': '收款要用的变量都设好了',
    'config.features': '没有功能因变量错误而关闭',
    'config.shape': 'AppID 和商户号的格式正常',
    'config.origins': '连接的是真正的微信',
    'config.public_url': 'PUBLIC_URL 就是这个 Worker 的地址',
    'config.rotation': '没有留下旧密钥',
    'store.answers': '数据库响应快，离微信近',
    'store.migrations': '数据库表结构与本版本一致',
    'kv.keeps': '原始账单有存档',
    'cron.alive': '定时任务在运行',
    'cron.keeps_up': '定时任务做得完',
    'wechat.key': '微信接受我们的 APIv2 密钥，我们也能验证微信的签名',
    'wechat.clock': '微信的时间和我们一致',
    'wechat.secret': 'AppID 和 AppSecret 匹配',
    'wechat.backup': '微信的备用域名有响应',
    'wechat.binding': 'AppID 和商户号已绑定',
    'cert.bound': '已绑定商户证书',
    'cert.expiry': '商户证书还有足够的有效期',
    'webhook.target': '商城收下通知',
    'reviews.open': '没有待处理的事',
    'bills.yesterday': '昨天的账单已核对',
    'alerts.target': '出了问题，群里会收到告警',
  },
  findings: findingsZh,
  page: {
    title: '全面体检',
    none: '还没有做过体检。体检会检查配置、数据库和微信。',
    run: '开始体检',
    runThorough: '体检并发测试消息',
    thoroughWhat:
      '一次最多十秒，三十秒内不会重复。发测试消息的体检，还会在 KV 里写入一条再删除，并向微信发送一个必然被拒绝的退款。',
    rest: (n) => `其他 ${n} 项`,
    expected: (name) => `应为：${name}`,
    status: { ok: '正常', warn: '要留意', fail: '不通过', skip: '没有检查' },
  },
}

export const DOCTOR = { en, zh }
